/** `transform` gives JSONata's value over its data, and sees nothing but its data. */

import jsonata from "jsonata";
import { describe, expect, test } from "vitest";
import type { JsonValue } from "../../../src/workflow/json.js";
import { transformHandler } from "../../../src/worker/handlers/transform.js";
import { contextOf, failureOf, run } from "./support.js";

const DATA: JsonValue = { a: { b: [{ c: 1 }, { c: 2 }, {}] }, list: [3, 1, 2], one: [7], "$index": "data", "odd name": null, constructor: "own" };

describe("transform", () => {
  test.each<[string, JsonValue, JsonValue]>([
    ["$sum(list)", DATA, 6], ["a.b.c", DATA, [1, 2]], ["a.b[1].c", DATA, 2], ["list", DATA, [3, 1, 2]], ["`odd name`", DATA, null], ["missing.x", DATA, null],
    ["toString", DATA, null], ["constructor", DATA, "own"], ["$index", DATA, null], ["`$index`", DATA, "data"], ["$workflow", DATA, null],
    ["$", [1, 2], [1, 2]], ["$$[0]", [1, 2], 1], ["c", [{ c: 1 }, { c: 2 }], [1, 2]], ["$ & '!'", "text", "text!"], ["$ = null", null, true], ["$ + 1", 41, 42],
    ["{'n': $count(list)}", DATA, { n: 3 }], ["missing ?? 'none'", DATA, "none"], ["list[$ > 5]", DATA, null],
  ])("%s", async (expression, data, expected) => expect(await run(transformHandler, { expression, data })).toEqual(expected));

  test.each(["a.b.c", "a.b[1].c", "a.b[-1]", "list[0]", "one", "one[0]", "a.b", "a.b.c.d", "list.x", "`odd name`.x", "missing ?? 1", "\"literal\""])(
    "the path %s means what JSONata means by it", async (expression) => {
      const expected = JSON.parse(JSON.stringify(await jsonata(expression).evaluate(DATA) ?? null)) as JsonValue;
      expect(await run(transformHandler, { expression, data: DATA })).toEqual(expected);
    });

  test("answers plain paths synchronously", () => {
    expect(transformHandler.run(contextOf({ expression: "a.b.c", data: DATA }))).toEqual([1, 2]);
  });

  test.each([["$secret", "EXPRESSION_SYNTAX"], ["$secret('A')", "SECRET_PLACE"]])("has no secrets: %s", async (expression, code) => {
    await expect(async () => run(transformHandler, { expression, data: DATA })).rejects.toMatchObject({ code });
  });

  test("without data works on null", async () => expect(await run(transformHandler, { expression: "1 + 1" })).toBe(2));

  test("does not change its data", async () => {
    const data = structuredClone(DATA);
    await run(transformHandler, { expression: "$ ~> |a|{'b': 0}|", data });
    expect(data).toEqual(DATA);
  });

  test.each<[string, string]>([["1 +", "EXPRESSION_SYNTAX"], ["1 + 'a'", "EXPRESSION_ERROR"], ["($f := function($n) { $f($n + 1) + 1 }; $f(0))", "EXPRESSION_LIMIT"]])(
    "%s fails with %s, final", async (expression, code) => {
      expect(await failureOf(run(transformHandler, { expression, data: {} }))).toMatchObject({ code, retryable: false });
    });

  test.each<[JsonValue, string]>([[null, "input"], [{}, "expression"], [{ expression: "" }, "expression"], [{ expression: 5 }, "expression"], [{ expression: "1", dat: 1 }, "dat"]])(
    "the input %j is refused at %s", async (input, field) => {
      expect(await failureOf(run(transformHandler, input))).toMatchObject({ code: "INPUT_INVALID", details: { field } });
    });
});
