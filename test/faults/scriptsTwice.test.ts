/** Every script asked twice with the same arguments, as after a lost reply, leaves the keys as one call leaves them. */

import { expect, test } from "vitest";
import type { Claim, Outcome, RetryCommand, SubmitCommand, UnitRef } from "../../src/engine/ports.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import { oneGroup, task } from "../support/builders.js";
import { CALLER } from "../support/testNode.js";
import { refOf } from "./storeClient.js";
import { node, client, definition, fan, submit, twice, claimed, expandOutcome, claimedItems, send, error, done, items, repeating, useTwice } from "./twice.js";

useTwice();

test("submitWorkflow", async () => {
  const plan = compilePlan({ ...definition, timeoutMs: 60_000 });
  const command: SubmitCommand = {
    id: `s0-${"0".repeat(26)}`, tenant: "default", idempotencyKeyHash: "key", payloadHash: "payload", plan,
    fields: ["st", "P", "hash", plan.hash, "nm", "test", "tn", "default", "left", "2", "n", "2 1 1 0 0 0 0 0 0 0", "nn", "2", "ng", "1", "g0", "2 0 1", "0", "R 1 0 0 0 0 0 - p 0", "idem", "key", "lm", "w"],
    context: ["x", "1"], eventLines: "B\nG 0\nR 0", eventCount: 3, ready: ["0", "slow~0"], held: [], mark: "", deadlines: ["w", 60_000],
  };
  const [first, second] = await twice(() => client.store.submitWorkflow(0, command));
  expect(first).toEqual({ code: "OK", id: command.id });
  expect(second).toEqual(first);
});

test("claimTasks", async () => {
  const id = await submit(definition);
  await submit(definition);
  const request = client.request(1);
  const [first, second] = await twice(() => client.store.claimTasks(0, request));
  expect(first).toMatchObject([{ workflowId: id, attempt: 1 }]);
  expect(second).toEqual(first);
});

test("completeTasks, with the claim of the dependent that the result released", async () => {
  const { ref } = await claimed(definition);
  expect(await send(done(ref), 1)).toEqual(["OK", "DUPLICATE"]);
});

test.each<[string, (ref: UnitRef) => Outcome]>([
  ["a failure that ends the workflow", (ref) => done(ref, { status: "FAILED", error, failsWorkflow: true, cancelsRest: true, route: "s1/0/0/-/p", writes: [] })],
  ["retry", (ref) => ({ kind: "retry", ref, delayMs: 60_000, error })],
  ["wait", (ref) => ({ kind: "wait", ref, delayMs: 60_000, result: "null" })],
  ["progress", (ref) => ({ kind: "progress", ref, text: '{"percent":50}' })],
])("completeTasks: %s", async (_name, make) => {
  const { ref } = await claimed(definition);
  expect(await send(make(ref))).toEqual(["OK", "DUPLICATE"]);
});

test("completeTasks: the same progress reported in two requests is two events", async () => {
  const { id, ref } = await claimed(definition);
  const progress: Outcome = { kind: "progress", ref, text: '{"percent":50}' };
  await send(progress);
  await send(progress);
  const { events } = await node.events.readEvents(id, 100, { types: ["TASK_PROGRESS"] });
  expect(events).toHaveLength(2);
});

test("completeTasks: requeue", async () => {
  const { ref } = await claimed(definition);
  expect(await send({ kind: "requeue", ref, lane: "slow~0", lost: true })).toEqual(["OK", "STALE"]);
});

test("completeTasks: ready", async () => {
  const { ref } = await claimed(definition);
  await send({ kind: "retry", ref, delayMs: 60_000, error });
  expect(await send({ kind: "ready", ref: { ...ref, attempt: 2, token: "0" }, lane: "slow~0" })).toEqual(["OK", "STALE"]);
});

test("completeTasks: expand", async () => {
  const { ref } = await claimed(fan);
  expect(await send(expandOutcome(ref, 4), 2)).toEqual(["OK", "DUPLICATE"]);
});

test("completeTasks: split", async () => {
  const ref = await claimedItems(false);
  expect((await send({ kind: "split", ref, lane: "slow~0" }))[0]).toBe("OK");
});

test.each<["range" | "item of its own", "C" | "F" | "Y" | "W", string]>([
  ["range", "C", "[1]"], ["range", "F", error], ["range", "Y", error], ["range", "W", "null"],
  ["item of its own", "C", "[1]"], ["item of its own", "F", error], ["item of its own", "Y", error], ["item of its own", "W", "null"],
])("completeTasks: a piece of a %s, %s", async (unit, letter, text) => {
  const ref = await claimedItems(unit !== "range");
  expect((await send(items(ref, letter, text)))[0]).toBe("OK");
});

test("claimSeparately, of a range that it takes apart", async () => {
  const { ref } = await claimed(fan);
  await client.store.completeTasks(0, client.request(0), [expandOutcome(ref, 4)]);
  const request = { worker: "far", request: `far-${ref.workflowId}`, want: 2, lanes: [{ handler: "slow", itemsPerSlot: 1 }] };
  const [first, second] = await twice(() => client.store.claimSeparately(0, request, 60_000));
  expect(first.claims.map(({ firstItem, itemCount }) => [firstItem, itemCount])).toEqual([[0, 1], [1, 1]]);
  expect(new Set(first.claims.map(({ token }) => token)).size).toBe(2);
  expect(second.claims).toEqual(first.claims);
});

test("queueState", async () => {
  await submit(definition);
  const [first, second] = await twice(() => node.fleet.queues());
  expect(first).toMatchObject([{ ready: 1, running: 0, delayed: 0 }]);
  expect(second).toEqual(first);
});

test("workflowHeaders", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 6; i += 1) ids.unshift(await submit(oneGroup(task(`t${i}`, { handler: "slow" }))));
  const [first, second] = await twice(() => node.engine.workflows(CALLER, {}, { first: 6 }));
  expect(first.edges.map(({ node: { id } }) => id)).toEqual(ids);
  expect(second).toEqual(first);
  // What one command gives for one workflow, the script gives for many.
  for (const { node: workflow } of first.edges) expect(await node.engine.workflow(CALLER, workflow.id)).toEqual(workflow);
});

test("priorityLanes, with one that is empty to strike off", async () => {
  const id = await submit(oneGroup(task("a", { handler: "slow", priority: 3 }), task("b", { handler: "slow", priority: 4 })));
  const lanes = [{ handler: "slow#4", itemsPerSlot: 1 }];
  expect(await client.store.claimTasks(0, { ...client.request(1), worker: "high", lanes })).toMatchObject([{ workflowId: id, node: 1 }]);
  expect(await twice(() => client.store.priorityLanes(0))).toEqual([["slow#3"], ["slow#3"]]);
});

test("claims and outcomes of a workflow with a priority and queues count once in their queue", async () => {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { priority: 2, definition: oneGroup(task("a", { handler: "slow", queue: "gpu" }), task("b", { handler: "slow", queue: "gpu", after: ["a"] })) });
  const queue = async (): Promise<unknown> => (await node.fleet.queues()).find(({ name }) => name === "gpu");
  expect(await queue()).toMatchObject({ ready: 1, running: 0, delayed: 0 });
  const request = { ...client.request(1), worker: "gpu", lanes: [{ handler: "slow@gpu!2", itemsPerSlot: 1 }] };
  const [[claim]] = await twice(() => client.store.claimTasks(0, request));
  expect(claim).toMatchObject({ workflowId });
  expect(await queue()).toMatchObject({ ready: 0, running: 1, delayed: 0 });
  expect(await send({ kind: "wait", ref: refOf(claim as Claim), delayMs: 60_000, result: "null" })).toEqual(["OK", "DUPLICATE"]);
  expect(await queue()).toMatchObject({ ready: 0, running: 0, delayed: 1 });
  expect(await send(done(refOf(claim as Claim), { route: "d1/1/0/slow@gpu~0/p" }))).toEqual(["OK", "DUPLICATE"]);
  expect(await queue()).toMatchObject({ ready: 1, running: 0, delayed: 0 });
  expect(await repeating().cancelWorkflow("default", workflowId as string, error)).toBe("OK");
  expect(await queue()).toBeUndefined();
});

test("heartbeatTasks", async () => {
  const { ref } = await claimed(definition);
  const other = { ...ref, token: "999" };
  expect(await twice(() => client.store.heartbeatTasks(0, client.worker, [ref, other]))).toEqual([[other], [other]]);
});

test("storeItems", async () => {
  const { ref } = await claimed(fan);
  expect(await twice(() => client.store.storeItems(ref, ["v0", "[]"]))).toEqual([true, true]);
});

test("dueTimers and settleTimers", async () => {
  const { ref } = await claimed(definition);
  await client.store.completeTasks(0, client.request(0), [{ kind: "wait", ref, delayMs: 0, result: "null" }]);
  await twice(() => client.store.dueTimers(0, 10));
  await twice(() => client.store.settleTimers(0, [{ kind: "DELAY", member: `D ${ref.workflowId} 0 - ${ref.token}`, workflowId: ref.workflowId, node: 0, unit: "-", token: ref.token }]));
});

test("deleteWorkflow, the definition's count of users too", async () => {
  await submit(definition);
  const id = await submit(definition);
  await node.engine.cancelWorkflow(CALLER, id);
  expect(await twice(() => client.store.deleteWorkflow(id, []))).toEqual(["OK", "NOT_FOUND"]);
});

test("pauseWorkflow and resumeWorkflow, with a unit that is ready and one that waits", async () => {
  const { id, ref } = await claimed(oneGroup(task("a", { handler: "slow" }), task("b", { handler: "slow" })));
  await client.store.completeTasks(0, client.request(0), [{ kind: "wait", ref, delayMs: 60_000, result: "null" }]);
  expect(await repeating().pauseWorkflow("default", id)).toBe("OK");
  expect(await client.store.claimTasks(0, client.request(10))).toEqual([]);
  expect(await repeating().resumeWorkflow("default", id, ["$plan~0", "slow~0", "slow~0"])).toBe("OK");
  expect(await client.claimOne()).toMatchObject({ workflowId: id, node: 1 });
});

test("provideContext", async () => {
  const id = await submit({ ...oneGroup(task("a", { handler: "slow", input: "{{ key }}" })), externalKeys: ["key"] });
  expect(await repeating().provideContext("default", id, { keys: ["key"], values: ["1"], route: "d0/2/0/slow~0/p" })).toEqual({ code: "OK", taken: [] });
  expect(await client.claimOne()).toMatchObject({ workflowId: id, node: 0 });
});

test.each(["COMPLETED", "FAILED"] as const)("signalTask: an answer that makes it %s", async (status) => {
  const { ref } = await claimed(definition);
  await client.store.completeTasks(0, client.request(0), [{ kind: "wait", ref, delayMs: -1, result: '?{"kind":"SIGNAL"}' }]);
  expect(await repeating().signalTask("default", done(ref, status === "FAILED" ? { status, error, failsWorkflow: true, route: "s1/0/0/-/p", writes: [] } : {}))).toBe("OK");
});

test("retryWorkflow, of a task and of items", async () => {
  const { id, ref } = await claimed(definition);
  await client.store.completeTasks(0, client.request(0), [done(ref, { status: "FAILED", error, failsWorkflow: true, route: "s1/0/0/-/p", writes: [] })]);
  const seq = (await node.events.readEvents(id, 100)).events.length;
  const tasks: RetryCommand["tasks"] = [{ node: 0, phase: "PLAIN", base: 1, groups: "0", lane: "slow~0", open: 0, attempt: `0 1 w1 ${error}` }, { node: 1, phase: "PLAIN", base: 0, groups: "0", lane: "slow~0" }];
  expect(await repeating().retryWorkflow("default", id, { seq, groups: [0, 2, 1], route: "", tasks, compensations: [], contextKeys: [] })).toBe("OK");
  expect(await client.claimOne()).toMatchObject({ workflowId: id, node: 0, attempt: 2, base: 1 });

  const range = await claimedItems(false);
  await client.store.completeTasks(0, client.request(0), [items(range, "C", "[1]")]);
  await node.engine.cancelWorkflow(CALLER, range.workflowId);
  const count = (await node.events.readEvents(range.workflowId, 1000)).events.length;
  expect(await repeating().retryWorkflow("default", range.workflowId, { seq: count, groups: [0, 1, 1], route: "", tasks: [{ node: 0, phase: "ITEMS", base: 1, groups: "0", lane: "slow~0", open: 0 }], compensations: [], contextKeys: [] })).toBe("OK");
  const claims = (await client.claim()).filter(({ workflowId }) => workflowId === range.workflowId);
  expect(claims.map(({ unit, statuses, attempt }) => [unit, statuses, attempt])).toEqual([["r0", "C...", 2], ["r1", "....", 2]]);
});
