/** Plain paths mean the same with and without JSONata. */

import fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { compileExpression } from "../../../src/workflow/expressions/expression.js";
import { plainJson } from "../../../src/workflow/expressions/plainJson.js";
import type { JsonValue } from "../../../src/workflow/json.js";
import { scopeOf } from "./scope.js";

const KEYS = ["a", "b", "constructor", "length"];
const key = fc.constantFrom(...KEYS);

const json = fc.letrec<{ value: JsonValue; list: JsonValue[]; object: Record<string, JsonValue> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), fc.integer({ min: -2, max: 3 }), fc.constantFrom("", "x")),
    { arbitrary: tie("list"), weight: 3 },
    { arbitrary: tie("object"), weight: 3 },
  ),
  list: fc.array(tie("value"), { maxLength: 3 }),
  object: fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
}));

const step = fc.tuple(key, fc.array(fc.constantFrom("[0]", "[1]", "[-1]", "[1.5]", "[-3]"), { maxLength: 2 }))
  .map(([name, indexes]) => name + indexes.join(""));
const root = fc.oneof({ arbitrary: step, weight: 4 }, fc.constantFrom("$item", "$result"));
const path = fc.tuple(root, fc.array(step, { maxLength: 4 })).map(([first, rest]) => [first, ...rest].join("."));
const fallback = fc.constantFrom("", ' ?? "none"', " ?? 0", " ?? null", " ?? false");
const scope = fc.record({ item: json.value, result: json.value, object: json.object }, { requiredKeys: ["object"] });

async function byJsonata(source: string, { item, result, object }: { item?: JsonValue; result?: JsonValue; object: Record<string, JsonValue> }): Promise<unknown> {
  const value: unknown = await jsonata(source).evaluate(object, { item, result });
  return value === undefined ? undefined : plainJson(value);
}

describe("the fast path", () => {
  it("gives what JSONata gives, for any plain path over any data", async () => {
    await fc.assert(
      fc.asyncProperty(path, fallback, scope, async (plain, otherwise, values) => {
        const source = plain + otherwise;
        const expected = await byJsonata(source, values);
        const names: Record<string, JsonValue> = { ...values.object };
        if (values.item !== undefined) names.$item = values.item;
        if (values.result !== undefined) names.$result = values.result;
        const actual = compileExpression(source).evaluate(scopeOf(names));
        expect(actual).not.toBeInstanceOf(Promise);
        // Not toStrictEqual: it takes a field named "constructor" for the object's class.
        expect(JSON.stringify(actual)).toBe(JSON.stringify(expected));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ["a.b.c", { a: { b: { c: 1 } } }, 1],
    ["a.b", { a: [{ b: 1 }, { b: [2, 3] }, 4] }, [1, 2, 3]],
    ["a.b", { a: [{ b: 1 }] }, 1],
    ["a.b", { a: [{ b: [1] }] }, [1]],
    ["a[0].b", { a: [{ b: 1 }, { b: 2 }] }, 1],
    ["a[-1]", { a: [1, 2, 3] }, 3],
    ["a", { a: [] }, []],
    ["a.constructor", { a: {} }, undefined],
    ["a.`first name`", { a: { "first name": "Ada" } }, "Ada"],
    ['a.b ?? "none"', { a: {} }, "none"],
    ["a.b ?? 0", { a: { b: null } }, null],
  ])("%s of %j is %j, at once", (source, values, expected) => {
    expect(compileExpression(source).evaluate(scopeOf(values as Record<string, JsonValue>))).toStrictEqual(expected);
  });

  it.each(["a[]", "a[b]", "a.$", "a.*", "a{b: a}", "a^(b)", "$item[0]", "a@$x", "a#$i", "$error.code", "a ?? b", "$count(a)"])(
    "leaves %s to JSONata", async (source) => {
      const value = compileExpression(source).evaluate(scopeOf({ a: 1 }));
      expect(value).toBeInstanceOf(Promise);
      await Promise.allSettled([value]);
    },
  );
});
