/** What an expanded task's items add up to, and what each key takes of a result. */

import { describe, expect, test } from "vitest";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { collectOutput, collectResults, invalidItemResult, resultFields, toleratedCount } from "../../src/workflow/outputs.js";
import type { ItemOutcome } from "../../src/workflow/outputs.js";
import type { PlanNode } from "../../src/workflow/plan.js";
import { expansion, oneGroup, task } from "../support/builders.js";

function done(...results: JsonValue[]): ItemOutcome[] {
  return results.map((result, index) => ({ identifier: `i${index}`, status: "COMPLETED", result }));
}

/** Item 1 of three failed. */
const MIXED: ItemOutcome[] = [
  { identifier: "a", status: "COMPLETED", result: 1 },
  { identifier: "b", status: "FAILED", error: { code: "E", message: "broken" } },
  { identifier: "c", status: "COMPLETED", result: 3 },
];
const ERROR_SLOT = { $error: { code: "E", message: "broken" } };

function node(parts: Partial<TaskDefinition>): PlanNode {
  return compilePlan(oneGroup(task("x", parts))).nodes[0] as PlanNode;
}

describe("collectOutput", () => {
  test("MERGE is a list in item order, failed items dropped, null or marked", () => {
    expect(collectOutput(expansion({}), MIXED)).toEqual([1, 3]);
    expect(collectOutput(expansion({ onItemFailure: "NULL" }), MIXED)).toEqual([1, null, 3]);
    expect(collectOutput(expansion({ onItemFailure: "ERROR" }), MIXED)).toEqual([1, ERROR_SLOT, 3]);
  });

  test("SEPARATE is an object by identifier", () => {
    expect(collectOutput(expansion({ outputFormat: "SEPARATE" }), MIXED)).toEqual({ a: 1, c: 3 });
    expect(collectOutput(expansion({ outputFormat: "SEPARATE", onItemFailure: "NULL" }), MIXED)).toEqual({ a: 1, b: null, c: 3 });
    expect(collectOutput(expansion({ outputFormat: "SEPARATE", onItemFailure: "ERROR" }), MIXED)).toEqual({ a: 1, b: ERROR_SLOT, c: 3 });
  });

  test("SINGLE is the last result that is left", () => {
    expect(collectOutput(expansion({ outputFormat: "SINGLE" }), MIXED.slice(0, 2))).toBe(1);
    expect(collectOutput(expansion({ outputFormat: "SINGLE", onItemFailure: "NULL" }), MIXED.slice(0, 2))).toBe(null);
    expect(collectResults(expansion({ outputFormat: "SINGLE" }), MIXED)).toEqual([1, 3]);
  });

  test("without items MERGE is an empty list, SEPARATE an empty object, SINGLE null", () => {
    expect(collectOutput(expansion({}), [])).toEqual([]);
    expect(collectOutput(expansion({ outputFormat: "SEPARATE" }), [])).toEqual({});
    expect(collectOutput(expansion({ outputFormat: "SINGLE" }), [])).toBe(null);
  });

  test("flatten joins results that are lists by one level and keeps the others as elements", () => {
    expect(collectOutput(expansion({ flatten: true }), done([1, [2]], 3, [], null, { a: 1 }))).toEqual([1, [2], 3, null, { a: 1 }]);
  });

  test("nested gives one level of lists per axis, and keeps its empty shape", () => {
    const nested = expansion({ nested: true, matrix: { x: "xs", y: "ys", z: "zs" } });
    expect(collectOutput(nested, done(1, 2, 3, 4), [2, 1, 2])).toEqual([[[1, 2]], [[3, 4]]]);
    expect(collectOutput(nested, [], [2, 0, 3])).toEqual([[], []]);
    expect(collectOutput(nested, [], [1, 2, 0])).toEqual([[[], []]]);
    expect(collectOutput(nested, [], [0, 2, 2])).toEqual([]);
  });

  test("a completed item without a result is null, and one that was cancelled says so", () => {
    expect(collectOutput(expansion({ onItemFailure: "ERROR" }), [{ identifier: "a", status: "COMPLETED" }, { identifier: "b", status: "CANCELLED" }])).toEqual([
      null, { $error: { code: "CANCELLED", message: expect.stringContaining("CANCELLED") as string } },
    ]);
  });
});

test.each([
  [{}, 10, 0], [{ toleratedFailures: 3 }, 10, 3], [{ toleratedFailures: 30 }, 10, 10], [{ toleratedFailurePercent: 25 }, 10, 2],
  [{ toleratedFailurePercent: 0.57 }, 10_000, 57], [{ toleratedFailurePercent: 29 }, 100, 29], [{ toleratedFailurePercent: 100 }, 7, 7],
  [{ toleratedFailures: 5, toleratedFailurePercent: 10 }, 20, 2], [{ toleratedFailures: 1, toleratedFailurePercent: 50 }, 20, 1], [{ toleratedFailurePercent: 50 }, 0, 0],
])("%j of %i items tolerates %i failures", (limits, total, allowed) => {
  expect(toleratedCount(expansion(limits), total)).toBe(allowed);
});

describe("resultFields", () => {
  test("the task's own name, or one key, takes the whole result", () => {
    expect(resultFields(node({}), [1])).toEqual({ writes: [["x", [1]]] });
    expect(resultFields(node({ resultKeys: ["r"] }), { r: 5 })).toEqual({ writes: [["r", { r: 5 }]] });
  });

  test("several keys take the fields of those names, optional ones when they are there", () => {
    const several = node({ resultKeys: ["a", "b"], optionalResultKeys: ["c", "d"] });
    expect(resultFields(several, { a: 1, b: null, c: 3, z: 9 })).toEqual({ writes: [["a", 1], ["b", null], ["c", 3]] });
  });

  test("one key and an optional one are several; the default key beside optional ones takes the whole", () => {
    expect(resultFields(node({ resultKeys: ["a"], optionalResultKeys: ["b"] }), { a: 1 })).toEqual({ writes: [["a", 1]] });
    expect(resultFields(node({ optionalResultKeys: ["b"] }), { b: 2 })).toEqual({ writes: [["x", { b: 2 }], ["b", 2]] });
  });

  test("no key writes nothing", () => {
    expect(resultFields(node({ resultKeys: [] }), { a: 1 })).toEqual({ writes: [] });
  });

  test("a missing field is RESULT_INVALID and named; inherited names are no fields", () => {
    const outcome = resultFields(node({ resultKeys: ["a", "toString"] }), { a: 1, other: 2 });
    expect(outcome).toMatchObject({ error: { code: "RESULT_INVALID", retryable: false, message: expect.stringMatching(/lacks toString.*a, other/) as string } });
    expect(resultFields(node({ resultKeys: ["a", "b"] }), "text")).toMatchObject({ error: { message: expect.stringContaining("a string") as string } });
  });

  test("over items each key takes the list of their fields, failed slots kept", () => {
    const over = node({ resultKeys: ["a", "b"], optionalResultKeys: ["c", "d"], expansion: expansion({ array: { v: [1, 2, 3] }, onItemFailure: "ERROR" }) });
    expect(resultFields(over, [{ a: 1, b: 2, c: 3 }, ERROR_SLOT, { a: 4, b: 5 }])).toEqual({
      writes: [["a", [1, ERROR_SLOT, 4]], ["b", [2, ERROR_SLOT, 5]], ["c", [3, ERROR_SLOT, null]], ],
    });
    expect(resultFields(over, [ERROR_SLOT])).toEqual({ writes: [["a", [ERROR_SLOT]], ["b", [ERROR_SLOT]]] });
    expect(resultFields(over, [])).toEqual({ writes: [["a", []], ["b", []], ["c", []], ["d", []]] });
  });

  test("of a nested matrix the lists keep their shape, of SEPARATE the identifiers", () => {
    const nested = node({ resultKeys: ["a", "b"], expansion: expansion({ matrix: { v: [1], w: [1, 2] }, nested: true }) });
    expect(resultFields(nested, [[{ a: 1, b: [2] }, { a: 3, b: [4] }]])).toEqual({ writes: [["a", [[1, 3]]], ["b", [[[2], [4]]]]] });
    const separate = node({ resultKeys: ["a", "b"], expansion: expansion({ array: { v: [1] }, outputFormat: "SEPARATE" }) });
    expect(resultFields(separate, { p: { a: 1, b: 2 }, q: { a: 3, b: 4 } })).toEqual({ writes: [["a", { p: 1, q: 3 }], ["b", { p: 2, q: 4 }]] });
  });

  test("of SINGLE the fields are those of the one result, or null without items", () => {
    const single = node({ resultKeys: ["a", "b"], expansion: expansion({ array: { v: [1] }, outputFormat: "SINGLE" }) });
    expect(resultFields(single, { a: 1, b: 2 })).toEqual({ writes: [["a", 1], ["b", 2]] });
    expect(resultFields(single, null)).toEqual({ writes: [["a", null], ["b", null]] });
  });

  test("an item that lacks a field is told by itself, so that the item fails", () => {
    const over = node({ resultKeys: ["a", "b"], expansion: expansion({ array: { v: [1] } }) });
    expect(invalidItemResult(over, { a: 1 })).toMatchObject({ code: "RESULT_INVALID", message: expect.stringContaining("lacks b") as string });
    expect(invalidItemResult(over, { a: 1, b: 2 })).toBeUndefined();
    expect(invalidItemResult(node({ expansion: expansion({ array: { v: [1] } }) }), null)).toBeUndefined();
  });
});
