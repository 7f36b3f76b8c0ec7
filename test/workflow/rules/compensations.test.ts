/** What a compensation may name and read. */

import { expect, test } from "vitest";
import { compilePlan } from "../../../src/workflow/compilePlan.js";
import { validateWorkflow } from "../../../src/workflow/validate.js";
import { expansion, oneGroup, task } from "../../support/builders.js";

const handlers = { has: (name: string) => ["log", "fail"].includes(name), names: () => ["log", "fail"] };
const problems = (...tasks: Parameters<typeof oneGroup>): string[] =>
  validateWorkflow(oneGroup(...tasks), { n: 1 }, handlers).map(({ code, path }) => `${code} ${path}`);

test("handler, templates, keys and forbidden keys of a compensation are checked where they stand", () => {
  expect(problems(task("a", { compensate: { handler: " " } }))).toEqual(["REQUIRED groups[0].tasks[0].compensate.handler"]);
  expect(problems(task("a", { compensate: { handler: "lgo" } }))).toEqual(["UNKNOWN_HANDLER groups[0].tasks[0].compensate.handler"]);
  expect(problems(task("a", { compensate: { handler: "log", input: { x: "{{ 1 +" } } }))).toEqual(["TEMPLATE_SYNTAX groups[0].tasks[0].compensate.input.x"]);
  expect(problems(task("a", { compensate: { handler: "log", input: "{{ nowhere }} {{ nothing ?? 1 }}" } }))).toEqual(["UNKNOWN_KEY groups[0].tasks[0].compensate.input"]);
  expect(problems(task("a", { compensate: { handler: "log", input: JSON.parse('{"__proto__": 1}') } }))).toEqual(["FORBIDDEN_KEY groups[0].tasks[0].compensate.input.__proto__"]);
});

test("it may read the context, what any task writes, its item's variables and the names that begin with $", () => {
  const input = "{{ n }} {{ a }} {{ later }} {{ $result }} {{ $error.code }}";
  expect(problems(task("a", { compensate: { handler: "log", input } }), task("later", { after: ["a"] }))).toEqual([]);
  expect(problems(task("a", { expansion: expansion({ array: { x: [1] } }), compensate: { handler: "log", input: "{{ x }} {{ $index }}" } }))).toEqual([]);
});

test("a compensation is a node behind the tasks that waits for nothing, keeps nobody waiting and writes nothing", () => {
  const plan = compilePlan(oneGroup(task("a", { compensate: { handler: "log", input: "{{ b }}" } }), task("b", { after: ["a"] })));
  expect(plan.compensationsFrom).toBe(2);
  expect(plan.nodes[0]).toMatchObject({ compensation: 2, reads: [], needs: [] });
  expect(plan.nodes[2]).toMatchObject({ address: "g.a!compensate", compensates: 0, needs: [], dependents: [], keys: [], reads: [], optionalReads: ["b"], groupChain: "" });
  expect(plan.groups[0]).toMatchObject({ nodes: [0, 1], size: 2 });
});
