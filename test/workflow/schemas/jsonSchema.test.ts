/** JSON Schemas from clients: what they accept, what they are refused for, and that none can stop or confuse the server. */

import { describe, expect, test } from "vitest";
import { compileSchema, schemaProblems } from "../../../src/workflow/schemas/jsonSchema.js";
import { SCHEMA_LIMITS } from "../../../src/workflow/schemas/limits.js";
import type { JsonObject, JsonValue } from "../../../src/workflow/json.js";

async function violations(schema: JsonValue, value: JsonValue): Promise<string[]> {
  expect(await schemaProblems(schema, "s")).toEqual([]);
  return (await compileSchema(schema)).violations(value, "v").map(({ path, message }) => `${path} ${message}`);
}

async function problems(schema: JsonValue): Promise<string[]> {
  return (await schemaProblems(schema, "s")).map(({ code, path }) => `${code} ${path}`);
}

const parsed = (text: string): JsonObject => JSON.parse(text) as JsonObject;

describe("a value", () => {
  test("is told every violation at once, each with its path", async () => {
    const schema = {
      type: "object", required: ["id", "name"], additionalProperties: false,
      properties: { id: { type: "integer" }, name: { type: "string" }, tags: { items: { type: ["string", "null"], maxLength: 2 } }, "a b": { minimum: 3 } },
    };
    const told = await violations(schema, { id: "x", tags: ["ok", 1, "long", null], "a b": 1, other: true });
    expect(told.sort()).toEqual([
      "v.name is missing", "v.id is a string, not an integer", "v.tags[1] is a number, not a string or null", "v.tags[2] has more than 2 characters",
      'v["a b"] is 1, less than 3', "v.other is not allowed here",
    ].sort());
  });

  test("that fits has none, whatever keywords the schema combines", async () => {
    const schema = {
      $defs: { tree: { type: "object", properties: { left: { $ref: "#/$defs/tree" }, right: { $ref: "#/$defs/tree" } }, unevaluatedProperties: false } },
      $ref: "#/$defs/tree",
    };
    expect(await violations(schema, { left: { right: {} }, right: {} })).toEqual([]);
    expect(await violations(schema, { left: { right: { middle: 1 } } })).toEqual(["v.left.right.middle is not allowed here"]);
  });

  test("of alternatives is told that none fits, without the reasons of each", async () => {
    expect(await violations({ anyOf: [{ type: "string" }, { type: "number", minimum: 3 }] }, 1)).toEqual(["v fits none of the alternatives"]);
    expect(await violations({ oneOf: [{ type: "number" }, { minimum: 0 }] }, 1)).toEqual(["v does not fit exactly one of the alternatives"]);
  });

  test("may have properties by names that every object inherits", async () => {
    const value = parsed('{"constructor": 1, "toString": "x", "hasOwnProperty": null}');
    expect(await violations({ properties: { a: { type: "string" } }, additionalProperties: { type: ["number", "string", "null"] } }, value)).toEqual([]);
    expect(await violations({ properties: parsed('{"constructor": {"type": "string"}}') }, value)).toEqual(["v.constructor is a number, not a string"]);
    expect(await violations({ required: ["valueOf"] }, {})).toEqual(["v.valueOf is missing"]);
  });

  test("is looked at as draft-07 has it when the schema says so", async () => {
    const seven = { $schema: "http://json-schema.org/draft-07/schema#", items: [{ type: "string" }], additionalItems: false };
    expect(await violations(seven, ["a"])).toEqual([]);
    expect(await violations(seven, ["a", 1])).toEqual(["v[1] is not allowed here"]);
    expect(await violations({ prefixItems: [{ type: "string" }], items: false }, ["a", 1])).toEqual(["v[1] is not allowed here"]);
  });

  test("fits true and does not fit false", async () => {
    expect(await violations(true, 1)).toEqual([]);
    expect(await violations(false, 1)).toEqual(["v is not allowed here"]);
  });
});

describe("a schema is refused", () => {
  test.each<[string, JsonValue, string[]]>([
    ["that is no schema", 7, ["SCHEMA_INVALID s"]],
    ["of an unknown draft", { $schema: "http://json-schema.org/draft-04/schema#" }, ["SCHEMA_INVALID s.$schema"]],
    ["with a keyword of the wrong form", { properties: { a: { type: "strin" } } }, ["SCHEMA_INVALID s.properties.a.type"]],
    ["with a reference to elsewhere", { items: { $ref: "http://127.0.0.1:1/x.json" } }, ["SCHEMA_INVALID s.items.$ref"]],
    ["with a reference to the draft itself", { $ref: "https://json-schema.org/draft/2020-12/schema" }, ["SCHEMA_INVALID s.$ref"]],
    ["with a reference to nowhere", { $ref: "#/$defs/a" }, ["SCHEMA_INVALID s"]],
    ["with another schema's name inside", { $defs: { a: { $id: "https://json-schema.org/draft/2020-12/schema" } } }, ["SCHEMA_INVALID s.$defs.a.$id"]],
    ["with a pattern that needs backtracking", { properties: { a: { pattern: "(?=x)" } } }, ["SCHEMA_INVALID s.properties.a.pattern"]],
    ["with a pattern for names that needs backtracking", { patternProperties: { "(a)\\1": {} } }, ['SCHEMA_INVALID s.patternProperties["(a)\\\\1"]']],
    ["with everything that is wrong at once", { not: 1, anyOf: [{ pattern: "(" }] }, ["SCHEMA_INVALID s.not", "SCHEMA_INVALID s.anyOf[0].pattern"]],
  ])("%s", async (_, schema, expected) => {
    expect(await problems(schema)).toEqual(expected);
  });

  test("that is too large or too deep", async () => {
    const many = { anyOf: Array.from({ length: SCHEMA_LIMITS.subschemas }, () => ({})) };
    expect(await problems(many)).toEqual([`LIMIT_EXCEEDED s.anyOf[${SCHEMA_LIMITS.subschemas - 1}]`]);
    const deep = Array.from({ length: SCHEMA_LIMITS.depth }).reduce<JsonObject>((inner) => ({ not: inner }), {});
    expect((await problems(deep))[0]).toMatch(/^LIMIT_EXCEEDED s(\.not)+$/);
  });
});

describe("a schema cannot", () => {
  test("make a pattern match for long", async () => {
    const text = "a".repeat(50_000);
    expect(await violations({ pattern: "^(a+)+$" }, `${text}!`)).toEqual(["v does not match the pattern \"^(a+)+$\""]);
    expect(await violations({ patternProperties: { "^(a+)+$": false }, additionalProperties: true }, { [`${text}!`]: 1 })).toEqual([]);
  });

  test.each<[string, JsonValue, JsonValue]>([
    ["by doubling at each level", doubling(40), 1],
    ["by a long list of names for each of many values", { items: { required: Array.from({ length: 10_000 }, (_, i) => `k${i}`) } }, Array.from({ length: 2_000 }, () => ({}))],
    ["by referring to itself", { $ref: "#" }, 1],
  ])("take for ever %s", async (_, schema, value) => {
    const [only, ...others] = await violations(schema, value);
    expect(only).toMatch(/^v cannot be checked: /);
    expect(others).toEqual([]);
  });

  test("carry anything into the library by keywords that it does not know", async () => {
    expect(await violations(parsed('{"constructor": {"prototype": 1}, "x-mine": {"$ref": "http://nowhere"}, "title": 7, "toString": 1, "type": "string"}'), 1))
      .toEqual(["v is a number, not a string"]);
    expect(({} as Record<string, unknown>).prototype).toBeUndefined();
  });

  test("change the one that others are checked by", async () => {
    expect(await violations({ $id: "https://json-schema.org/draft/2020-12/schema", type: "number" }, 1)).toEqual([]);
    expect(await violations({ type: "string" }, "x")).toEqual([]);
  });
});

/** Each level applies the next one twice. */
function doubling(levels: number): JsonObject {
  const $defs: JsonObject = { [`l${levels}`]: { type: "number" } };
  for (let i = 0; i < levels; i++) $defs[`l${i}`] = { allOf: [{ $ref: `#/$defs/l${i + 1}` }, { $ref: `#/$defs/l${i + 1}` }] };
  return { $defs, $ref: "#/$defs/l0" };
}
