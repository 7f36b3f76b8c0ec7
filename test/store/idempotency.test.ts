/** One idempotency key stands for one workflow, however often and from wherever it is sent. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { oneGroup, task } from "../support/builders.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";

let nodes: FanwireNode[];
beforeAll(async () => {
  const keyPrefix = testPrefix();
  nodes = await Promise.all([0, 1].map(() => startTestNode({ config: { keyPrefix, shards: 4 } })));
});
afterAll(() => Promise.all(nodes.map((node) => node.stop())));

const definition = oneGroup(task("a", { input: "{{ n }}" }));
const on = (i: number): FanwireNode => nodes[i % 2] as FanwireNode;

test("twenty submissions at once, on two servers, are one workflow", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => on(i).engine.submitWorkflow(CALLER, { definition, context: { n: 1 }, idempotencyKey: "same" })));
  expect(new Set(answers.map(({ workflowId }) => workflowId)).size).toBe(1);
  expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  expect(answers.flatMap(({ problems }) => problems)).toEqual([]);
  expect((await on(0).engine.workflows(CALLER, {}, { first: 10 })).totalCount).toBe(1);
});

test("the order of keys in the payload does not make it another one", async () => {
  const first = await on(0).engine.submitWorkflow(CALLER, { definition, context: { n: 1, more: { a: 1, b: 2 } }, idempotencyKey: "order" });
  const second = await on(1).engine.submitWorkflow(CALLER, { definition, context: { more: { b: 2, a: 1 }, n: 1 }, idempotencyKey: "order" });
  expect(second).toEqual({ workflowId: first.workflowId, duplicate: true, problems: [] });
});

test.each([
  ["context", { definition, context: { n: 2 } }],
  ["labels", { definition, context: { n: 1 }, labels: { team: "b" } }],
  ["definition", { definition: oneGroup(task("b", { input: "{{ n }}" })), context: { n: 1 } }],
])("another %s under the same key conflicts", async (what, other) => {
  const idempotencyKey = `conflict-${what}`;
  await on(0).engine.submitWorkflow(CALLER, { definition, context: { n: 1 }, idempotencyKey });
  const { workflowId, problems } = await on(1).engine.submitWorkflow(CALLER, { ...other, idempotencyKey });
  expect(workflowId).toBeUndefined();
  expect(problems).toMatchObject([{ code: "IDEMPOTENCY_CONFLICT", path: "idempotencyKey" }]);
});

test("the same key of another tenant is another key", async () => {
  const first = await on(0).engine.submitWorkflow(CALLER, { definition, context: { n: 1 }, idempotencyKey: "theirs" });
  const second = await on(0).engine.submitWorkflow({ tenant: "other" }, { definition, context: { n: 2 }, idempotencyKey: "theirs" });
  expect(second.problems).toEqual([]);
  expect(second.workflowId).not.toBe(first.workflowId);
});
