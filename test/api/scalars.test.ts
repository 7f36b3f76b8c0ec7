/** The scalars carry any JSON unharmed, and refuse what has no meaning. */

import { GraphQLError, parseValue } from "graphql";
import { describe, expect, test } from "vitest";
import { DateTimeScalar, DurationScalar, JSONScalar } from "../../src/api/scalars.js";

function literal(text: string, variables?: Record<string, unknown>): unknown {
  return JSONScalar.parseLiteral(parseValue(text), variables);
}

describe("JSON", () => {
  test("a literal of any kind becomes its value", () => {
    expect(literal('{a: [1, -2.5e3, "x", true, null, {}], b: RED, c: """block"""}')).toEqual({
      a: [1, -2500, "x", true, null, {}], b: "RED", c: "block",
    });
  });

  test("variables inside a literal take their values; one without value leaves its field out", () => {
    expect(literal("{a: $x, b: [$y, $gone], c: $gone}", { x: { deep: [1] }, y: 2 })).toEqual({ a: { deep: [1] }, b: [2, null] });
  });

  test("the key __proto__ of a literal is an own property, and no prototype changes", () => {
    const value = literal("{__proto__: {polluted: true}}") as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("a value from variables is passed on as the very same value", () => {
    const value = JSON.parse('{"__proto__": 1, "": [null, 1.5]}') as object;
    expect(JSONScalar.parseValue(value)).toBe(value);
    expect(JSONScalar.serialize(value)).toBe(value);
  });

  test("a number that JSON cannot hold is refused, not turned into null", () => {
    expect(() => literal("1e999")).toThrow(GraphQLError);
  });
});

describe("DateTime", () => {
  test("goes out in UTC and comes in with any zone", () => {
    expect(DateTimeScalar.serialize(0)).toBe("1970-01-01T00:00:00.000Z");
    expect(DateTimeScalar.parseValue("1970-01-01T02:00:01+02:00")).toBe(1_000);
  });

  test.each(["1970-01-01", "1970-01-01T00:00:00", "yesterday", "2030-13-01T00:00:00Z", 5, null])("refuses %j", (value) => {
    expect(() => DateTimeScalar.parseValue(value)).toThrow(GraphQLError);
  });
});

describe("Duration", () => {
  test("is milliseconds inside, and normalised outside", () => {
    expect(DurationScalar.parseValue("PT30S")).toBe(30_000);
    expect(DurationScalar.serialize(120_000)).toBe("2m");
  });

  test.each(["soon", "", "-5s", 5])("refuses %j as the client's mistake", (value) => {
    expect(() => DurationScalar.parseValue(value)).toThrow(GraphQLError);
  });
});
