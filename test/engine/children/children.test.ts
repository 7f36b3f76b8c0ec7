/** Sub-workflows: a task has a registered definition run, waits for it without a worker, and neither is left without the other. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { AgencyTaskGroup } from "../../../src/engine/AgencyTaskGroup.js";
import { StartChild } from "../../../src/engine/children.js";
import { ChildStarter } from "../../../src/engine/ChildStarter.js";
import { ContextReader } from "../../../src/engine/ContextReader.js";
import { DefinitionRegistry } from "../../../src/engine/DefinitionRegistry.js";
import { ExpanderRegistry } from "../../../src/engine/expanders.js";
import { HandlerRegistry } from "../../../src/engine/handlers.js";
import { Sessions } from "../../../src/engine/Sessions.js";
import type { TaskState } from "../../../src/engine/snapshot.js";
import type { FanwireNode } from "../../../src/main.js";
import { Keys, ShardKeys, shardOf, shardPrefix } from "../../../src/store/keys.js";
import { RedisDefinitions } from "../../../src/store/RedisDefinitions.js";
import { RedisFleet } from "../../../src/store/RedisFleet.js";
import { RedisSessions } from "../../../src/store/RedisSessions.js";
import { RedisStore } from "../../../src/store/RedisStore.js";
import { RedisReader } from "../../../src/store/RedisReader.js";
import { ItemReader } from "../../../src/store/ItemReader.js";
import { InstanceReader } from "../../../src/store/InstanceReader.js";
import { InstanceStates } from "../../../src/store/InstanceStates.js";
import { NodeFields } from "../../../src/store/NodeFields.js";
import { PlanCache } from "../../../src/store/PlanCache.js";
import { Scripts } from "../../../src/store/scripts.js";
import { WorkflowIndex } from "../../../src/store/WorkflowIndex.js";
import { WorkflowReader } from "../../../src/store/WorkflowReader.js";
import type { TaskDefinition, WorkflowDefinition } from "../../../src/workflow/definition.js";
import type { JsonObject } from "../../../src/workflow/json.js";
import { builtInHandlers } from "../../../src/worker/handlers/builtIn.js";
import { expectNothingLeft } from "../../faults/checks.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, detailOf, start, taskBecomes, taskIn } from "../control/support.js";

const SHARDS = 3;
const keyPrefix = testPrefix();
let node: FanwireNode;
let starter: ChildStarter;
beforeAll(async () => {
  // A parent and its child mostly lie in different shards.
  node = await startTestNode({ config: { keyPrefix, shards: SHARDS, workerConcurrency: 4 } });
  starter = ownStarter();
  for (const definition of [double, asking, failing, endless]) expect((await node.engine.registerDefinition(CALLER, definition)).problems).toEqual([]);
});
afterAll(() => node.stop());

const named = (name: string, ...tasks: TaskDefinition[]): WorkflowDefinition => ({ ...oneGroup(...tasks), name });
const runs = (definitionName: string, more: Partial<TaskDefinition> = {}, context: JsonObject = {}): TaskDefinition =>
  task("child", { handler: "workflow", input: { definitionName, context }, ...more });

const double = named("double", task("twice", { handler: "transform", input: { expression: "n * 2", data: { n: "{{ n ?? 1 }}" } } }));
const asking = named("asking", task("ask", { handler: "signal" }));
const failing = named("failing", task("bad", { handler: "fail", input: { code: "BAD", retryable: false } }));
const endless = named("endless", runs("endless"));

/** What a worker starts children with, of another process. */
function ownStarter(): ChildStarter {
  const shards = new ShardKeys(keyPrefix, SHARDS);
  const scripts = new Scripts(node.redis);
  const plans = new PlanCache(node.redis);
  const directory = new RedisFleet(node.redis, shards, scripts);
  const fields = new NodeFields(node.redis, shards);
  const workflows = new WorkflowReader(node.redis, shards, plans, directory, fields);
  const instances = new InstanceReader(node.redis, shards, fields);
  const items = new ItemReader(node.redis, fields);
  const reader = new RedisReader(workflows, items, new WorkflowIndex(node.redis, shards, workflows), instances, new InstanceStates(fields, instances, items, directory));
  const store = new RedisStore({ redis: node.redis, keyPrefix, shards: SHARDS, leaseMs: 30_000, retentionMs: 60_000 });
  const handlers = new HandlerRegistry(builtInHandlers({ httpAllowPrivate: false }));
  const expanders = new ExpanderRegistry();
  const sessions = new Sessions({ sessions: new RedisSessions(node.redis, shards, scripts, 60_000), store, reader, contexts: new ContextReader(reader) });
  const agency = new AgencyTaskGroup({ store, reader, handlers, directory, sessions, expanders, keepPlan: (plan) => plans.add(plan), onSubmitting: () => undefined, onLanes: () => undefined });
  return new ChildStarter({ reader, workflows: agency, definitions: new DefinitionRegistry({ definitions: new RedisDefinitions(node.redis, shards, scripts), handlers, expanders, directory }) });
}

function keysOf(id: string): Keys {
  return new Keys(shardPrefix(keyPrefix, shardOf(id) as number));
}

async function childOf(id: string, address = "g.child"): Promise<string> {
  return (await waitFor(async () => taskIn(await detailOf(node, id), address).childId, { what: "the child" })) as string;
}

/** The re-check comes at once. */
async function recheck(id: string): Promise<void> {
  const { timers } = keysOf(id);
  const members = (await node.redis.zrange(timers, 0, -1)).filter((member) => member.startsWith(`D ${id} `));
  expect(members).toHaveLength(1);
  await node.redis.zadd(timers, 1, members[0] as string);
}

test("the result is the child's final context, and both know of each other", async () => {
  const id = await start(node, { definition: oneGroup(runs("double", {}, { n: 21 })) });
  const detail = await finished(node, id);
  expect(detail.status).toBe("COMPLETED");
  expect(await node.engine.context(id)).toEqual({ child: { n: 21, twice: 42 } });
  const child = await detailOf(node, taskIn(detail, "g.child").childId as string);
  expect(child).toMatchObject({ status: "COMPLETED", name: "double", definitionVersion: 1, depth: 2, parent: { workflowId: id, task: "g.child", unit: "-", attempt: 1 } });
});

test("a task that waits for its child holds no worker and says what it waits for", async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, () => start(node, { definition: oneGroup(runs("asking")) })));
  const waiting = await Promise.all(ids.map((id) => taskBecomes(node, id, "g.child", "WAITING")));
  expect(waiting[0]?.waitingFor).toEqual([{ kind: "WORKFLOW", key: waiting[0]?.childId, message: `runs as the workflow ${waiting[0]?.childId}` }]);
  expect(await finished(node, await start(node, { definition: double }))).toMatchObject({ status: "COMPLETED" });
  for (const { childId } of waiting) {
    await taskBecomes(node, childId as string, "g.ask", "WAITING");
    await node.engine.signalTask(CALLER, { workflowId: childId as string, task: "g.ask", payload: "yes", outcome: "APPROVE" });
  }
  await Promise.all(ids.map((id) => becomes(node, id, "COMPLETED")));
  expect(await node.engine.context(ids[7] as string)).toEqual({ child: { ask: "yes" } });
});

test("a child that fails fails the task with CHILD_FAILED, and each attempt starts a child of its own", async () => {
  const again = retry({ maxAttempts: 2, initialDelayMs: 1, jitter: false });
  const id = await start(node, { definition: oneGroup(runs("failing", { retry: again })) });
  const state = taskIn(await finished(node, id), "g.child");
  expect(state).toMatchObject({ status: "FAILED", attempt: 2, error: { code: "CHILD_FAILED", details: { workflowId: state.childId, status: "FAILED", error: { code: "BAD", task: "g.bad" } } } });
  const first = (state.earlierAttempts[0]?.error?.details as JsonObject)["workflowId"];
  expect(first).not.toBe(state.childId);
});

test.each<[string, TaskDefinition, string]>([
  ["of no such name", runs("nowhere"), "CHILD_INVALID"],
  ["of no such version", task("child", { handler: "workflow", input: { definitionName: "double", version: 9 } }), "CHILD_INVALID"],
  ["with a context that is no object", task("child", { handler: "workflow", input: { definitionName: "double", context: 7 } }), "CHILD_INVALID"],
  ["without a name", task("child", { handler: "workflow", input: {} }), "INPUT_INVALID"],
])("a sub-workflow %s fails its task for good", async (_what, child, code) => {
  const id = await start(node, { definition: oneGroup({ ...child, retry: retry() }) });
  expect(await finished(node, id)).toMatchObject({ status: "FAILED", error: { code, task: "g.child" } });
});

test("a workflow that runs itself comes to an end sixteen levels down", async () => {
  let detail = await finished(node, await start(node, { definition: endless }));
  const codes = [];
  for (let depth = 1; ; depth++) {
    expect(detail).toMatchObject({ status: "FAILED", depth });
    const { error, childId } = taskIn(detail, "g.child");
    codes.push(error?.code);
    if (childId === undefined) break;
    detail = await detailOf(node, childId);
  }
  expect(codes).toEqual([...Array.from({ length: 15 }, () => "CHILD_FAILED"), "CHILD_TOO_DEEP"]);
});

test("an expanded task has one child per item, and their results in item order", async () => {
  const each = runs("double", { input: { definitionName: "double", context: { n: "{{ n }}" } }, expansion: expansion({ array: { n: [3, 1, 2] }, identifier: "n{{ n }}" }) });
  const id = await start(node, { definition: oneGroup(each) });
  const detail = await finished(node, id);
  expect(await node.engine.context(id)).toEqual({ child: [{ n: 3, twice: 6 }, { n: 1, twice: 2 }, { n: 2, twice: 4 }] });
  const children = await Promise.all([0, 1, 2].map((item) => node.engine.childOfItem(id, taskIn(detail, "g.child").node.index, item)));
  expect(new Set(children).size).toBe(3);
  expect((await detailOf(node, children[1] as string)).parent).toMatchObject({ workflowId: id, task: "g.child[n1]", unit: "1" });
});

test.each<[string, Partial<TaskDefinition>]>([["its task", {}], ["an item", { expansion: expansion({ array: { n: [1] } }) }]])("a child is cancelled with the workflow of %s", async (_what, more) => {
  const id = await start(node, { definition: oneGroup(runs("asking", more)) });
  const child = await waitFor(async () => {
    const state: TaskState = taskIn(await detailOf(node, id), "g.child");
    return state.waitingFor[0]?.kind === "WORKFLOW" ? (state.childId ?? (await node.engine.childOfItem(id, 0, 0))) : undefined;
  }, { what: "the child" });
  await node.engine.cancelWorkflow(CALLER, id);
  expect((await becomes(node, child as string, "CANCELLED")).error?.message).toContain("The task that it ran for");
});

test("fail fast cancels children; so does the end of an attempt's time, which counts on while it waits", async () => {
  const definition = workflow([group("g", [runs("asking"), task("ask", { handler: "signal" }), task("bad", { handler: "fail", input: { code: "BAD", retryable: false }, after: ["ask"] })])], { onFailure: "FAIL_FAST" });
  const id = await start(node, { definition });
  await taskBecomes(node, id, "g.child", "WAITING");
  await taskBecomes(node, id, "g.ask", "WAITING");
  await node.engine.signalTask(CALLER, { workflowId: id, task: "g.ask", outcome: "APPROVE" });
  await becomes(node, await childOf(id), "CANCELLED");

  const late = await start(node, { definition: oneGroup(runs("asking", { timeoutMs: 100 })) });
  const detail = await becomes(node, late, "FAILED");
  expect(taskIn(detail, "g.child")).toMatchObject({ status: "TIMED_OUT", error: { code: "TIMEOUT" } });
  await becomes(node, taskIn(detail, "g.child").childId as string, "CANCELLED");
});

test("an attempt that is tried again, by whomever, has the child that it started first, whatever the context is now", async () => {
  const id = await start(node, { definition: oneGroup(runs("asking")) });
  const child = await childOf(id);
  const link = { workflowId: id, node: 0, unit: "-", attempt: 1, task: "g.child" };
  expect(await starter.start(link, new StartChild("asking", undefined, {}))).toBe(child);
  expect(await starter.start(link, new StartChild("asking", undefined, { other: true }))).toBe(child);
  expect(await starter.start({ ...link, attempt: 2 }, new StartChild("asking", undefined, {}))).not.toBe(child);
  await node.engine.cancelWorkflow(CALLER, id);
  await becomes(node, child, "CANCELLED");
});

test("a child whose parent never came to wait for it is cancelled", async () => {
  const id = await start(node, { definition: oneGroup(runs("asking")) });
  await taskBecomes(node, id, "g.child", "WAITING");
  const orphan = await starter.start({ workflowId: id, node: 0, unit: "-", attempt: 7, task: "g.child" }, new StartChild("asking", undefined, {}));
  await node.redis.zadd(keysOf(orphan).timers, "XX", 1, `V ${orphan}`);
  await becomes(node, orphan, "CANCELLED");
  const child = await childOf(id);
  await node.redis.zadd(keysOf(child).timers, "XX", 1, `V ${child}`);
  await waitFor(async () => (await node.redis.zscore(keysOf(child).timers, `V ${child}`)) === null, { what: "the watch to end" });
  expect((await detailOf(node, child)).status).toBe("RUNNING");
  await node.engine.cancelWorkflow(CALLER, id);
  await becomes(node, child, "CANCELLED");
});

test("a notice that was lost, and a child that is gone, are found by the re-check", async () => {
  const id = await start(node, { definition: oneGroup(runs("asking")) });
  await taskBecomes(node, id, "g.child", "WAITING");
  const child = await childOf(id);
  await taskBecomes(node, child, "g.ask", "WAITING");
  // A child that knows no parent sends no notice.
  await node.redis.hdel(keysOf(child).workflow(child), "pa");
  await node.engine.signalTask(CALLER, { workflowId: child, task: "g.ask", payload: 1, outcome: "APPROVE" });
  await becomes(node, child, "COMPLETED");
  expect((await detailOf(node, id)).status).toBe("RUNNING");
  await recheck(id);
  await becomes(node, id, "COMPLETED");

  const second = await start(node, { definition: oneGroup(runs("asking")) });
  await taskBecomes(node, second, "g.child", "WAITING");
  const gone = await childOf(second);
  await node.redis.hdel(keysOf(gone).workflow(gone), "pa");
  await node.engine.cancelWorkflow(CALLER, gone);
  await node.engine.deleteWorkflow(CALLER, gone);
  await recheck(second);
  expect((await becomes(node, second, "FAILED")).error).toMatchObject({ code: "CHILD_FAILED", details: { workflowId: gone } });
});

test("nothing of all that is left in lanes, leases and timers but what watches a little longer", async () => {
  for (const keys of new ShardKeys(keyPrefix, SHARDS).all()) {
    for (const member of await node.redis.zrange(keys.timers, 0, -1)) if (/^[VD] /.test(member)) await node.redis.zadd(keys.timers, "XX", 1, member);
  }
  await expectNothingLeft(node, keyPrefix);
});
