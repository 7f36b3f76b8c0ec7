/** The plan of a definition. */

import { expect, test } from "vitest";
import { compiledTask } from "../../src/workflow/compiledTask.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import type { Plan, PlanNode } from "../../src/workflow/plan.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { scopeOf } from "../support/scopeOf.js";

function nodeOf(plan: Plan, address: string): PlanNode {
  return plan.nodeByAddress.get(address) ?? expect.fail(`no node ${address}`);
}

/** Edges as text: "a.x KEY b.y". */
function edges(plan: Plan): string[] {
  return plan.nodes.flatMap((node) => node.needs.map(({ from, to, kind, key }) =>
    `${plan.nodes[from]?.address} ${kind}${key === undefined ? "" : `(${key})`} ${plan.nodes[to]?.address}`));
}

test("nodes are numbered in the order of declaration, with address, group and path", () => {
  const plan = compilePlan(workflow([group("a", [task("x"), task("y")]), group("b", [task("z")])]));
  expect(plan.nodes.map(({ index, address, name, groupChain, path }) => [index, address, name, groupChain, path])).toEqual([
    [0, "a.x", "x", "0", "groups[0].tasks[0]"], [1, "a.y", "y", "0", "groups[0].tasks[1]"], [2, "b.z", "z", "1", "groups[1].tasks[0]"],
  ]);
  expect(plan.groups).toMatchObject([{ index: 0, name: "a", nodes: [0, 1] }, { index: 1, name: "b", nodes: [2] }]);
});

test("reads are inferred from templates and conditions, declared, and those of the group; defaults make them optional", () => {
  const plan = compilePlan(workflow([group("a", [task("x", {
    input: { text: "{{ customer.name }} {{ note ?? \"-\" }}", list: ["{{ $index }}"] }, when: "enabled", dependencies: ["declared"],
    optionalDependencies: ["maybe"], onFailure: "FALLBACK", fallback: "{{ backup }}",
  })], { dependencies: ["ready"] })]));
  expect([...nodeOf(plan, "a.x").reads].sort()).toEqual(["backup", "customer", "declared", "enabled", "ready"]);
  expect([...nodeOf(plan, "a.x").optionalReads].sort()).toEqual(["maybe", "note"]);
});

test("what one place cannot do without is required, though another has a default for it", () => {
  const node = nodeOf(compilePlan(oneGroup(task("x", { input: ["{{ a ?? 1 }}", "{{ a }}"] }))), "g.x");
  expect([node.reads, node.optionalReads]).toEqual([["a"], []]);
});

test("an item's variables are no reads, except in the expansion's own values", () => {
  const node = nodeOf(compilePlan(oneGroup(task("x", {
    input: "{{ v }} {{ other }}", when: "w", expansion: expansion({ zip: { v: "v.list", w: "ws" }, filter: "v > min", identifier: "{{ w }}" }),
  }))), "g.x");
  expect([...node.reads].sort()).toEqual(["min", "other", "v", "w", "ws"]);
});

test("a variable that shadows what another task writes makes no edge", () => {
  const plan = compilePlan(oneGroup(task("v"), task("x", { input: "{{ v ?? 1 }} {{ v }}", expansion: expansion({ array: { v: [1] } }) })));
  expect([nodeOf(plan, "g.x").reads, nodeOf(plan, "g.x").optionalReads, edges(plan)]).toEqual([[], [], []]);
});

test("a task that waits for itself, which is a problem, has no edge to itself", () => {
  expect(edges(compilePlan(oneGroup(task("x", { input: "{{ x }}", after: ["x"] }))))).toEqual([]);
});

test("a name that may be a variable of a custom expansion is required only if some task writes it", () => {
  const plan = compilePlan(oneGroup(task("made"), task("x", { input: "{{ made }} {{ free }}", expansion: expansion({ custom: { expression: "xs" } }) })));
  expect([...nodeOf(plan, "g.x").reads].sort()).toEqual(["made", "xs"]);
  expect(nodeOf(plan, "g.x").optionalReads).toEqual(["free"]);
});

test("a task writes its own name unless it says otherwise", () => {
  const plan = compilePlan(oneGroup(task("x"), task("y", { resultKeys: ["p", "q"], optionalResultKeys: ["r", "p"] }), task("z", { resultKeys: [] })));
  expect(plan.nodes.map(({ keys, optionalKeys }) => [keys, optionalKeys])).toEqual([[["x"], []], [["p", "q"], ["r"]], [[], []]]);
  expect([...plan.root.writerOf].map(([key, node]) => [key, node.address])).toEqual([["x", "g.x"], ["p", "g.y"], ["q", "g.y"], ["r", "g.y"]]);
});

test("two tasks are joined by one edge, the strictest: KEY before AFTER before OPTIONAL", () => {
  const plan = compilePlan(oneGroup(
    task("a"),
    task("key", { input: "{{ a }}", after: ["a"] }),
    task("after", { after: ["a"], optionalDependencies: ["a"] }),
    task("optional", { optionalDependencies: ["a", "nobody"] }),
    task("full", { after: ["g.optional"] }),
  ));
  expect(edges(plan)).toEqual(["g.a KEY(a) g.key", "g.a AFTER g.after", "g.a OPTIONAL(a) g.optional", "g.optional AFTER g.full"]);
  expect(nodeOf(plan, "g.a").dependents).toEqual(["g.key", "g.after", "g.optional"].flatMap((address) => nodeOf(plan, address).needs));
});

test("levels count the longest chain, whatever the order of declaration", () => {
  const plan = compilePlan(oneGroup(task("last", { input: "{{ middle }} {{ first }}" }), task("middle", { input: "{{ first }}" }), task("first"), task("alone")));
  expect(plan.nodes.map(({ level }) => level)).toEqual([3, 2, 1, 1]);
  expect(plan.levels).toBe(3);
});

test("the hash is that of the content: undefined fields do not count, the order of keys does, as it can decide the order of items", () => {
  const hash = compilePlan(oneGroup(task("x", { input: { a: 1, b: 2 } }))).hash;
  expect(hash).toMatch(/^[0-9a-f]{32}$/);
  expect(compilePlan(oneGroup(task("x", { input: { a: 1, b: 2 }, when: undefined }))).hash).toBe(hash);
  expect(compilePlan(oneGroup(task("x", { input: { a: 1, b: 3 } }))).hash).not.toBe(hash);
  expect(compilePlan(oneGroup(task("x", { input: { b: 2, a: 1 } }))).hash).not.toBe(hash);
});

test("the compiled parts of a task are made once, and only those it has", async () => {
  const plan = compilePlan(oneGroup(
    task("x", { input: "{{ a + 1 }}", when: "a > 0", expansion: expansion({ array: { v: [1] }, outputFormat: "SINGLE", reduce: "$sum($results)" }) }),
    task("y"),
  ));
  const compiled = compiledTask(nodeOf(plan, "g.x"));
  expect(compiledTask(nodeOf(plan, "g.x"))).toBe(compiled);
  expect(compiled.input).toBe(compiled.input);
  expect(await compiled.input.render(scopeOf({ a: 1 }))).toBe(2);
  expect(await compiled.when?.evaluate(scopeOf({ a: 1 }))).toBe(true);
  expect(await compiled.reduce?.evaluate(scopeOf({ $results: [1, 2] }))).toBe(3);
  expect((await compiled.expansion?.expand(scopeOf({})))?.items).toHaveLength(1);
  const bare = compiledTask(nodeOf(plan, "g.y"));
  expect([bare.when, bare.fallback, bare.expansion, bare.filter, bare.identifier, bare.reduce]).toEqual(Array(6).fill(undefined));
  expect(bare.input.render(scopeOf({}))).toBe(null);
});
