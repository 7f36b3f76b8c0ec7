/** Reducers: what they make of values, and the definitions they are a problem in. */

import { describe, expect, test } from "vitest";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import type { Reducer, TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { misfitOf, reduceParts } from "../../src/workflow/reducers.js";
import { group, task, workflow } from "../support/builders.js";
import { expectProblems } from "../support/expectProblems.js";

const CASES: [Reducer, JsonValue | undefined, JsonValue[], JsonValue | undefined][] = [
  ["APPEND", undefined, [[1], null, 2], [[1], null, 2]],
  ["APPEND", [0], [[1]], [0, [1]]],
  ["CONCAT", [0], [[1, [2]], []], [0, 1, [2]]],
  ["MERGE", { a: 1, b: 1 }, [{ b: 2, c: 2 }, { a: 3 }], { a: 3, b: 2, c: 2 }],
  ["MERGE", undefined, [JSON.parse('{"__proto__": {"x": 1}}') as JsonValue], JSON.parse('{"__proto__": {"x": 1}}') as JsonValue],
  ["SUM", 10, [1, 2], 13],
  ["SUM", undefined, [1e308, 1e308], null],
  ["MIN", 5, [3, 4], 3],
  ["MAX", 5, [3, 4], 5],
  ["FIRST", undefined, ["a", "b"], "a"],
  ["FIRST", null, ["a"], null],
  ["LAST", "z", ["a", "b"], "b"],
  ["LAST", "z", [], "z"],
  ["SUM", undefined, [], undefined],
];

test.each(CASES)("%s of %j and %j is %j", (reducer, initial, parts, value) => {
  expect(JSON.stringify(reduceParts(reducer, initial, parts))).toBe(JSON.stringify(value));
});

test("only what a reducer can combine fits it", () => {
  expect([misfitOf("CONCAT", {}), misfitOf("MERGE", []), misfitOf("SUM", "1"), misfitOf("MAX", null)].every((misfit) => misfit !== undefined)).toBe(true);
  expect([misfitOf("CONCAT", []), misfitOf("MERGE", {}), misfitOf("MIN", 0), misfitOf("APPEND", null), misfitOf("LAST", "")]).toEqual(Array(5).fill(undefined));
});

describe("in a definition", () => {
  const writer = (name: string, parts: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { resultKeys: ["k"], ...parts });
  const withReducer = (reducer: Reducer, ...tasks: TaskDefinition[]) => workflow([group("g", tasks)], { reducers: [{ key: "k", reducer }] });

  test("several writers of one key, and one of a key of the context, are no problem", () => {
    expectProblems(withReducer("SUM", writer("a"), writer("b"), task("r", { input: "{{ k }}" })), [], { k: 1 });
  });

  test("without a reducer they are, as before", () => {
    expectProblems(workflow([group("g", [writer("a"), writer("b")])]), [
      { code: "DUPLICATE_WRITER", path: "groups[0].tasks[1].resultKeys[0]" }, { code: "KEY_IN_CONTEXT", path: "context.k" },
    ], { k: 1 });
  });

  test("a reducer that nobody writes for, a second one for a key, and an initial value it cannot start from are problems", () => {
    expectProblems(workflow([group("g", [writer("a"), task("all")])], {
      reducers: [{ key: "k", reducer: "APPEND" }, { key: "al", reducer: "SUM" }, { key: "k", reducer: "LAST" }],
    }), [
      { code: "INVALID_VALUE", path: "context.k" }, { code: "UNKNOWN_KEY", path: "reducers[1].key", hint: ["all"] }, { code: "INVALID_VALUE", path: "reducers[2].key" },
    ], { k: 1 });
  });

  test("a writer that reads the key waits for itself, also when the context holds the key", () => {
    expectProblems(withReducer("SUM", writer("a"), writer("b", { dependencies: ["k"] })), [
      { code: "SELF_DEPENDENCY", path: "groups[0].tasks[1].dependencies[0]" },
    ], { k: 1 });
  });

  test("what would make millions of edges is refused before they are made", () => {
    const tasks = Array.from({ length: 1_100 }, (_, i) => [writer(`w${i}`), task(`r${i}`, { dependencies: ["k"] })]).flat();
    expectProblems(withReducer("SUM", ...tasks), [{ code: "LIMIT_EXCEEDED", path: "reducers", says: ["1210000"] }]);
  });

  test("a reader has an edge from each writer, AFTER before REDUCED before OPTIONAL", () => {
    const plan = compilePlan(withReducer("SUM",
      writer("a"), writer("b", { optionalResultKeys: ["o"] }), task("r", { dependencies: ["k"], after: ["a"], optionalDependencies: ["o"] }), task("s", { input: "{{ k ?? 0 }}" }),
    ));
    expect(plan.nodes[2]?.needs.map(({ from, kind }) => [from, kind])).toEqual([[0, "AFTER"], [1, "REDUCED"]]);
    expect(plan.nodes[3]?.needs.map(({ from, kind }) => [from, kind])).toEqual([[0, "OPTIONAL"], [1, "OPTIONAL"]]);
    expect(plan.root.reduced.get("k")).toEqual({ reducer: "SUM", writers: [0, 1] });
    expect(plan.nodes.map(({ reducedKeys }) => reducedKeys)).toEqual([["k"], ["k"], [], []]);
  });
});
