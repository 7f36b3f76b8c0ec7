/** Sub-workflows that tasks in instances of expanded groups run: linked both ways, and cancelled with the instance. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { TaskState } from "../../../src/engine/snapshot.js";
import type { FanwireNode } from "../../../src/main.js";
import type { TaskDefinition, WorkflowDefinition } from "../../../src/workflow/definition.js";
import { ShardKeys } from "../../../src/store/keys.js";
import { coordinationLeft } from "../../faults/checks.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, detailOf, start } from "../control/support.js";

const SHARDS = 3;
const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => {
  node = await startTestNode({ config: { keyPrefix, shards: SHARDS, workerConcurrency: 4 } });
  const double = { ...oneGroup(task("twice", { handler: "transform", input: { expression: "$ * 2", data: "{{ n }}" } })), name: "double" };
  const asking = { ...oneGroup(task("ask", { handler: "signal" })), name: "asking" };
  const failing = { ...oneGroup(task("bad", { handler: "fail", input: { code: "BAD", retryable: false } })), name: "failing" };
  for (const definition of [double, asking, failing]) expect((await node.engine.registerDefinition(CALLER, definition)).problems).toEqual([]);
});
afterAll(() => node.stop());

const runs = (definitionName: string, more: Partial<TaskDefinition> = {}): TaskDefinition =>
  task("child", { handler: "workflow", input: { definitionName, context: { n: "{{ n }}" } }, ...more });
const each = (...tasks: TaskDefinition[]): WorkflowDefinition => workflow([group("each", tasks, { expansion: expansion({ array: { n: [1, 2] }, identifier: "n{{ n }}" }) })]);

async function taskAt(id: string, address: string): Promise<TaskState | undefined> {
  return node.engine.task(await detailOf(node, id), address);
}

/** Once it waits for its sub-workflow. */
function waiting(id: string, address: string): Promise<TaskState> {
  return waitFor(async () => {
    const state = await taskAt(id, address);
    return state?.waitingFor[0]?.kind === "WORKFLOW" ? state : undefined;
  }, { what: `${address} to wait for its sub-workflow` });
}

test("each instance has a sub-workflow of its own, and its address is known there, also when the instance has ended", async () => {
  const id = await start(node, { definition: each(runs("double")) });
  expect(await finished(node, id)).toMatchObject({ status: "COMPLETED" });
  expect(await node.engine.context(id)).toEqual({ child: [{ n: 1, twice: 2 }, { n: 2, twice: 4 }] });
  const children = await Promise.all(["n1", "n2"].map(async (n) => (await taskAt(id, `each[${n}].child`))?.childId as string));
  expect(new Set(children).size).toBe(2);
  expect((await detailOf(node, children[1] as string)).parent).toMatchObject({ workflowId: id, task: "each[n2].child", node: 1, path: "0.1", unit: "-" });
});

test("items of an expanded task in an instance have one each", async () => {
  const items = runs("double", { input: { definitionName: "double", context: { n: "{{ n * m }}" } }, expansion: expansion({ array: { m: [1, 10] } }) });
  const id = await start(node, { definition: each(items) });
  await finished(node, id);
  expect(await node.engine.context(id)).toEqual({ child: [[{ n: 1, twice: 2 }, { n: 10, twice: 20 }], [{ n: 2, twice: 4 }, { n: 20, twice: 40 }]] });
  const child = await node.engine.childOfItem(id, "1@0.1", 1);
  expect((await detailOf(node, child as string)).parent).toMatchObject({ task: "each[n2].child[1]", unit: "1", path: "0.1" });
});

test("a sub-workflow that fails fails its task with the task's address, and each attempt starts another one", async () => {
  const id = await start(node, { definition: each(runs("failing", { retry: retry({ maxAttempts: 2, initialDelayMs: 1, jitter: false }), onFailure: "IGNORE" })) });
  await finished(node, id);
  const state = await taskAt(id, "each[n1].child");
  expect(state).toMatchObject({ status: "FAILED", attempt: 2, error: { code: "CHILD_FAILED", task: "each[n1].child", details: { workflowId: state?.childId } } });
  expect(state?.earlierAttempts[0]?.error?.details).not.toMatchObject({ workflowId: state?.childId });
});

test.each<[string, Partial<TaskDefinition>]>([["a task", {}], ["an item", { expansion: expansion({ array: { m: [1] } }) }]])("cancelled with the workflow: the sub-workflow of %s in an instance", async (_what, more) => {
  const id = await start(node, { definition: each(runs("asking", more)) });
  const state = await waiting(id, "each[n2].child");
  const child = state.childId ?? (await node.engine.childOfItem(id, "1@0.1", 0));
  await node.engine.cancelWorkflow(CALLER, id);
  expect((await becomes(node, child as string, "CANCELLED")).error?.message).toContain("The task that it ran for");
});

test.each<[string, Partial<TaskDefinition>]>([["a task", {}], ["an item", { expansion: expansion({ array: { m: [1] } }) }]])("cancelled when too many instances fail: the sub-workflow of %s in another one", async (_what, more) => {
  const fails = task("bad", { handler: "fail", input: { code: "BAD", retryable: false }, after: ["each.go"] });
  const id = await start(node, { definition: each(runs("asking", { ...more, when: "n = 1" }), task("go", { handler: "signal" }), fails) });
  const state = await waiting(id, "each[n1].child");
  const child = state.childId ?? (await node.engine.childOfItem(id, "1@0.0", 0));
  await waitFor(async () => (await node.engine.signalTask(CALLER, { workflowId: id, task: "each[n2].go", outcome: "APPROVE" })).problems.length === 0, { what: "the answer to be taken" });
  expect(await becomes(node, id, "FAILED")).toMatchObject({ error: { code: "TOLERANCE_EXCEEDED" } });
  await becomes(node, child as string, "CANCELLED");
});

test("nothing of all that is left in lanes, leases and timers but what watches a little longer", async () => {
  for (const keys of new ShardKeys(keyPrefix, SHARDS).all()) {
    for (const member of await node.redis.zrange(keys.timers, 0, -1)) if (/^[VD] /.test(member)) await node.redis.zadd(keys.timers, "XX", 1, member);
  }
  await waitFor(async () => (await Promise.all([0, 1, 2].map((shard) => coordinationLeft(node.redis, keyPrefix, shard)))).flat().length === 0, { what: "lanes, leases and timers to be empty" });
});
