/** Whatever expression of a task fails: its error names the expression and where it stands. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { ExpansionDefinition, TaskDefinition } from "../../src/workflow/definition.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => node.stop());

/** Cannot be told before it runs: a has a value, of a kind that cannot be added to. */
const WRONG = "1 + a";
const SLOW = "($f := function($n) { $f($n + 1) }; $f(a = 'text' ? 0 : 1))";
const each = (parts: Partial<ExpansionDefinition>): Partial<TaskDefinition> => ({ expansion: expansion({ array: { x: [1, 2] }, ...parts }) });

test.each<[place: string, parts: Partial<TaskDefinition>]>([
  ["input", { input: `{{ ${WRONG} }}` }],
  ["input.b[1].c", { input: { b: [0, { c: `x{{ ${WRONG} }}` }] } }],
  ["when", { when: WRONG }],
  ["validate", { validate: WRONG }],
  ["fallback.f", { handler: "fail", input: { message: "no" }, onFailure: "FALLBACK", fallback: { f: `{{ ${WRONG} }}` } }],
  ["expansion.array.x", each({ array: { x: WRONG } })],
  ["expansion.filter", each({ filter: WRONG })],
  ["expansion.identifier", each({ identifier: `{{ ${WRONG} }}` })],
  ["expansion.reduce", each({ outputFormat: "SINGLE", reduce: "1 + $string($results)" })],
  ["expansion.custom.args.to", { expansion: expansion({ custom: { expander: "range", args: { from: 1, to: `{{ ${WRONG} }}` } } }) }],
  ["expansion.custom.expression", { expansion: expansion({ custom: { expression: WRONG } }) }],
])("%s", async (place, parts) => {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("t", parts)), context: { a: "text" } });
  expect(problems).toEqual([]);
  const { error } = await finished(node, workflowId as string);
  const expression = place === "expansion.reduce" ? "1 + $string($results)" : WRONG;
  expect(error).toMatchObject({ code: "EXPRESSION_ERROR", task: "g.t", message: expect.stringMatching(/ in [^ ].*$/), details: { expression, path: place } });
  expect(error?.message).toContain(JSON.stringify(expression));
  expect(error?.message.endsWith(` in ${place}`)).toBe(true);
});

test("an expression that is stopped says where, too", async () => {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("t", { input: { deep: `{{ ${SLOW} }}` } })), context: { a: "text" } });
  expect((await finished(node, workflowId as string)).error).toMatchObject({ code: "EXPRESSION_LIMIT", details: { path: "input.deep" } });
});

test("a compensation's says which task it undoes", async () => {
  const undone = task("t", { compensate: { handler: "log", input: { u: `{{ ${WRONG} }}` } } });
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(undone, task("f", { handler: "fail", after: ["t"], input: { message: "no" } })), context: { a: "text" } });
  const detail = await finished(node, workflowId as string);
  expect(detail.tasks.find(({ address }) => address === "g.t!compensate")?.error).toMatchObject({ code: "EXPRESSION_ERROR", message: expect.stringMatching(/ in input\.u$/) });
});
