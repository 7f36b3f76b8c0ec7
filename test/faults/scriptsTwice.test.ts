/** Every script asked twice with the same arguments, as after a lost reply, leaves the keys as one call leaves them. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Claim, Outcome, OutcomeCode, RetryCommand, SubmitCommand, UnitRef } from "../../src/engine/ports.js";
import type { FanwireNode } from "../../src/main.js";
import { sessionKey } from "../../src/engine/session.js";
import { ShardKeys } from "../../src/store/keys.js";
import { RedisBridge } from "../../src/store/RedisBridge.js";
import { RedisSessions } from "../../src/store/RedisSessions.js";
import { RedisStore } from "../../src/store/RedisStore.js";
import { Scripts } from "../../src/store/scripts.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { keyspace } from "./checks.js";
import { elsewhere } from "./handlers.js";
import { refOf, StoreClient } from "./storeClient.js";

let node: FanwireNode;
let client: StoreClient;
let keyPrefix: string;

beforeAll(async () => {
  keyPrefix = testPrefix();
  node = await startTestNode({ handlers: elsewhere("slow"), config: { keyPrefix, worker: false } });
});
beforeEach(() => { client = new StoreClient(node, "w1", keyPrefix, 60_000); });
afterAll(() => node.stop());

const definition: WorkflowDefinition = oneGroup(
  task("a", { handler: "slow", input: 1 }),
  task("b", { handler: "slow", input: "{{ a }}" }),
);
const fan: WorkflowDefinition = oneGroup(task("each", { handler: "slow", input: "{{ x }}", expansion: expansion({ array: { x: "xs" }, maxParallel: 8 }) }));

async function submit(what: WorkflowDefinition): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: what, context: what === fan ? { xs: [] } : {} });
  expect(problems).toEqual([]);
  return workflowId as string;
}

/** Calls it twice and compares all keys between the calls; answers both replies. */
async function twice<T>(call: () => Promise<T>): Promise<[T, T]> {
  const first = await call();
  const after = await keyspace(node.redis, keyPrefix);
  const second = await call();
  expect(await keyspace(node.redis, keyPrefix)).toEqual(after);
  return [first, second];
}

async function cleared(): Promise<void> {
  for (const { node: workflow } of (await node.engine.workflows(CALLER, { status: ["PENDING", "RUNNING", "PAUSED"] }, { first: 100 })).edges) {
    await node.engine.cancelWorkflow(CALLER, workflow.id);
  }
}
beforeEach(cleared);

/** The workflow's first task, claimed. */
async function claimed(what: WorkflowDefinition): Promise<{ id: string; claim: Claim; ref: UnitRef }> {
  const id = await submit(what);
  const claim = await client.claimOne();
  expect(claim.workflowId).toBe(id);
  return { id, claim, ref: refOf(claim) };
}

function expandOutcome(ref: UnitRef, chunk: number): Outcome {
  const chunks = Array.from({ length: Math.ceil(8 / chunk) }, (_, c) => [`v${c}`, JSON.stringify(Array.from({ length: Math.min(chunk, 8 - c * chunk) }, (__, i) => [String(c * chunk + i), { x: 1 }]))]);
  return { kind: "expand", ref, total: 8, chunk, window: 8, tolerated: 8, failFast: true, lane: "slow~0", planLane: "$plan~0", variables: chunks.flat() };
}

/** A claimed range of four items; with `alone`, a claimed item that has left it. */
async function claimedItems(alone: boolean): Promise<UnitRef> {
  const { ref } = await claimed(fan);
  await client.store.completeTasks(0, client.request(0), [expandOutcome(ref, 4)]);
  const range = refOf(await client.claimOne());
  if (!alone) return range;
  await client.store.completeTasks(0, client.request(0), [{ kind: "split", ref: range, lane: "slow~0" }]);
  const claims = await client.claim();
  return refOf(claims.find((claim) => /^\d+$/.test(claim.unit)) as Claim);
}

/** Sends an outcome twice in the same request. */
async function send(outcome: Outcome, want = 0): Promise<[OutcomeCode, OutcomeCode]> {
  const request = client.request(want);
  const [first, second] = await twice(() => client.store.completeTasks(0, request, [outcome]));
  expect(second.claims).toEqual(first.claims);
  return [first.codes[0] as OutcomeCode, second.codes[0] as OutcomeCode];
}

const error = '{"code":"X","message":"x","retryable":true}';
const done = (ref: UnitRef, more: Partial<Extract<Outcome, { kind: "done" }>> = {}): Outcome => ({
  kind: "done", ref, status: "COMPLETED", failsWorkflow: false, cancelsRest: false, group: "0", route: "d1/1/0/slow~0/p", writes: ["a", "1"], ...more,
});
const items = (ref: UnitRef, letter: "C" | "F" | "Y" | "W", text: string): Outcome => {
  const offset = ref.unit.startsWith("r") ? 0 : Number(ref.unit) % 4;
  return { kind: "items", ref, lane: "slow~0", planLane: "$plan~0", pieces: [{ letter, offset, count: letter === "Y" || letter === "W" ? 60_000 : 1, text }] };
};

test("submitWorkflow", async () => {
  const plan = compilePlan(definition);
  const command: SubmitCommand = {
    id: `s0-${"0".repeat(26)}`, tenant: "default", idempotencyKeyHash: "key", payloadHash: "payload", plan,
    fields: ["st", "P", "hash", plan.hash, "nm", "test", "tn", "default", "left", "2", "n", "2 1 1 0 0 0 0 0 0 0", "nn", "2", "ng", "1", "g0", "2 0 1", "0", "R 1 0 0 0 0 0 - p 0", "idem", "key"],
    context: ["x", "1"], eventLines: "B\nG 0\nR 0", eventCount: 3, ready: ["0", "slow~0"], held: [], deadlines: ["w", 60_000],
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

/** A store whose every script call is sent twice with the same arguments, and whose keys are compared in between. */
function repeating(): RedisStore {
  const redis = new Proxy(node.redis, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const method = (value as (...args: unknown[]) => Promise<unknown>).bind(target);
      if (name !== "eval") return name === "evalsha" ? () => Promise.reject(new Error("NOSCRIPT")) : method;
      return async (...args: unknown[]) => {
        const [first, second] = await twice(() => method(...args));
        expect(second).toEqual(first);
        return first;
      };
    },
  });
  return new RedisStore({ redis, keyPrefix, shards: 1, leaseMs: 60_000, retentionMs: 3_600_000 });
}

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

const limited: WorkflowDefinition = workflow([group("g", [
  task("a", { handler: "slow", totalTimeoutMs: 60_000, heartbeatTimeoutMs: 60_000 }), task("b", { handler: "slow" }), task("c", { handler: "slow", input: "{{ a }}" }),
], { timeoutMs: 60_000, maxParallel: 1 })], { timeoutMs: 60_000 });
const deadlineOf = async (id: string, subject: string): Promise<string> => (await node.redis.hget(`${keyPrefix}:{s0}:w:${id}`, `u${subject}`)) as string;
const cuts = ["0", "0", "s2/0/0/-/p", "", "1", "0", "", "", "2", "0", "", ""];

test("completeTasks: a task ends, and the one that waited for its place is queued", async () => {
  const { id, ref } = await claimed(limited);
  expect(await client.store.claimTasks(0, client.request(10))).toEqual([]);
  expect(await send(done(ref, { route: "d2/1/0/slow~0/p" }))).toEqual(["OK", "DUPLICATE"]);
  expect(await client.claim()).toMatchObject([{ workflowId: id, node: 1 }]);
});

test("completeTasks: a handler is alive, and heartbeats of handlers elsewhere", async () => {
  const { ref } = await claimed(limited);
  expect(await send({ kind: "alive", ref })).toEqual(["OK", "OK"]);
  expect(await twice(() => client.store.heartbeatTasks(0, client.worker, [ref], 60_000, true))).toEqual([[], []]);
});

test.each(["t0", "g0", "w"])("completeTasks: the deadline %s is over", async (subject) => {
  const { id } = await claimed(limited);
  const ref = { workflowId: id, node: 0, unit: "!", attempt: 1, token: await deadlineOf(id, subject) };
  const outcomes: Record<string, Outcome> = {
    t0: done(ref, { status: "TIMED_OUT", error, failsWorkflow: true, route: "s2/0/0/-/p", writes: [] }),
    g0: { kind: "groupOverdue", ref, tasks: cuts.map((part, i) => (i % 4 === 3 ? error : part)) },
    w: { kind: "workflowOverdue", ref, error },
  };
  const earlier = { ...(outcomes[subject] as Outcome), ref: { ...ref, token: "1" } } as Outcome;
  expect(await send(earlier)).toEqual(["STALE", "STALE"]);
  expect(await send(outcomes[subject] as Outcome)).toEqual(["OK", "STALE"]);
  expect(await client.store.dueTimers(0, 10)).toMatchObject({ timers: [] });
});

test("completeTasks: a failure that cancels the rest of its group", async () => {
  const { ref } = await claimed(limited);
  expect(await send(done(ref, { status: "FAILED", error, failsWorkflow: true, cuts, route: "s2/0/0/-/p", writes: [] }))).toEqual(["OK", "DUPLICATE"]);
});

test("submitWorkflow and cancelWorkflow, with limits", async () => {
  const plan = compilePlan(limited);
  const command: SubmitCommand = {
    id: `s0-${"1".repeat(26)}`, tenant: "default", idempotencyKeyHash: "", payloadHash: "", plan,
    fields: ["st", "P", "hash", plan.hash, "nm", "test", "tn", "default", "left", "3", "n", "3 1 2 0 0 0 0 0 0 0", "nn", "3", "ng", "1", "g0", "3 0 1",
      "0", "R 1 0 0 0 0 0 - p 0", "1", "Q 1 0 0 0 0 0 - p 0", "lm", "wgtbp", "c0", "1", "cw", "0"],
    context: [], eventLines: "B\nG 0\nR 0\nR 1", eventCount: 4, ready: ["0", "slow~0"], held: ["0", "1 1 slow~0"], deadlines: ["w", 60_000, "g0", 60_000, "t0", 60_000],
  };
  const store = repeating();
  expect(await store.submitWorkflow(0, command)).toEqual({ code: "OK", id: command.id });
  expect(await store.cancelWorkflow("default", command.id, error)).toBe("OK");
});

/** What `a` owes once it completed: node 1 is its compensation. */
const undoable = oneGroup(task("a", { handler: "slow", compensate: { handler: "slow", input: "{{ $result }}" } }), task("b", { handler: "slow", after: ["a"] }));

test("completeTasks: what fails a workflow that owes a compensation, and the compensation's end; then retryWorkflow", async () => {
  const { id, ref } = await claimed(undoable);
  expect(await send(done(ref, { route: "c2/0/0/slow~0/p d1/1/0/slow~0/p" }))).toEqual(["OK", "DUPLICATE"]);
  const after = await client.claimOne();
  expect(await send(done(refOf(after), { status: "FAILED", error, failsWorkflow: true, route: "", writes: [] }))).toEqual(["OK", "DUPLICATE"]);
  expect(await node.engine.workflow(CALLER, id)).toMatchObject({ status: "RUNNING", error: { code: "X" } });
  const compensation = await client.claimOne();
  expect(compensation).toMatchObject({ workflowId: id, node: 2, attempt: 1 });
  expect(await send(done(refOf(compensation), { group: "", route: "", writes: [], result: "1" }))).toEqual(["OK", "DUPLICATE"]);
  expect((await node.engine.workflow(CALLER, id))?.status).toBe("FAILED");
  const seq = (await node.events.readEvents(id, 100)).events.length;
  const tasks: RetryCommand["tasks"] = [{ node: 0, phase: "PLAIN", base: 1, groups: "0", lane: "slow~0", open: 0, attempt: "0 1 w1 -" }, { node: 1, phase: "PLAIN", base: 1, groups: "0", lane: "slow~0" }];
  const command = { seq, groups: [0, 2], tasks, compensations: [{ node: 2, base: 1, attempt: "0 1 w1 -" }], contextKeys: ["a"] };
  expect(await repeating().retryWorkflow("default", id, command)).toBe("OK");
  expect(await node.engine.context(id)).toEqual({});
});

test("cancelWorkflow, of an expanded task without an item that may have owed a compensation: nothing of that is left", async () => {
  const { id, ref } = await claimed(fan);
  await client.store.completeTasks(0, client.request(0), [{ ...(expandOutcome(ref, 4) as Extract<Outcome, { kind: "expand" }>), total: 0, variables: [], compensation: "1/slow~0/x" }]);
  expect(await repeating().cancelWorkflow("default", id, error)).toBe("OK");
  expect((await node.redis.hkeys(`${keyPrefix}:{s0}:w:${id}`)).filter((field) => field.startsWith("cmp") || field === "vd")).toEqual([]);
});

test("cancelWorkflow, of one that compensates then", async () => {
  const { id, ref } = await claimed(undoable);
  await client.store.completeTasks(0, client.request(0), [done(ref, { route: "c2/0/0/slow~0/p d1/1/0/slow~0/p" })]);
  expect(await repeating().cancelWorkflow("default", id, error)).toBe("OK");
  expect(await client.claimOne()).toMatchObject({ workflowId: id, node: 2 });
});

test.each([["a task", false], ["an item", true]])("completeTasks: %s waits for a sub-workflow", async (_what, item) => {
  const child = `s0-${"1".repeat(26)}`;
  const ref = item ? await claimedItems(true) : (await claimed(definition)).ref;
  const text = `&${child} -`;
  const outcome: Outcome = item ? { kind: "items", ref, lane: "slow~0", planLane: "$plan~0", pieces: [{ letter: "W", offset: Number(ref.unit) % 4, count: 60_000, text }] } : { kind: "wait", ref, delayMs: 60_000, result: text };
  expect((await send(outcome))[0]).toBe("OK");
  // What cancelling it owes the sub-workflow is done by the engine's timers, and must not fall into the next comparison.
  await node.engine.cancelWorkflow(CALLER, ref.workflowId);
  await waitFor(async () => (await node.redis.zscore(`${keyPrefix}:{s0}:tm`, `A ${child} ${ref.workflowId}`)) === null, { what: "the timer to fire" });
});

test("retryWorkflow, of a task and of items", async () => {
  const { id, ref } = await claimed(definition);
  await client.store.completeTasks(0, client.request(0), [done(ref, { status: "FAILED", error, failsWorkflow: true, route: "s1/0/0/-/p", writes: [] })]);
  const seq = (await node.events.readEvents(id, 100)).events.length;
  const tasks: RetryCommand["tasks"] = [{ node: 0, phase: "PLAIN", base: 1, groups: "0", lane: "slow~0", open: 0, attempt: `0 1 w1 ${error}` }, { node: 1, phase: "PLAIN", base: 0, groups: "0", lane: "slow~0" }];
  expect(await repeating().retryWorkflow("default", id, { seq, groups: [0, 2], tasks, compensations: [], contextKeys: [] })).toBe("OK");
  expect(await client.claimOne()).toMatchObject({ workflowId: id, node: 0, attempt: 2, base: 1 });

  const range = await claimedItems(false);
  await client.store.completeTasks(0, client.request(0), [items(range, "C", "[1]")]);
  await node.engine.cancelWorkflow(CALLER, range.workflowId);
  const count = (await node.events.readEvents(range.workflowId, 1000)).events.length;
  expect(await repeating().retryWorkflow("default", range.workflowId, { seq: count, groups: [0, 1], tasks: [{ node: 0, phase: "ITEMS", base: 1, groups: "0", lane: "slow~0", open: 0 }], compensations: [], contextKeys: [] })).toBe("OK");
  const claims = (await client.claim()).filter(({ workflowId }) => workflowId === range.workflowId);
  expect(claims.map(({ unit, statuses, attempt }) => [unit, statuses, attempt])).toEqual([["r0", "C...", 2], ["r1", "....", 2]]);
});

test("a registration asked for twice is one version", async () => {
  const [first, again] = await twice(() => node.engine.registerDefinition(CALLER, definition));
  expect(again).toEqual(first);
  expect(first.registered?.version).toBe(1);
});

test("joinSession, exportToSession, leaveSession", async () => {
  const id = await submit(definition);
  const sessions = sessionStore();
  const session = { tenant: "default", id: `of ${id}` };
  const key = sessionKey(session);
  expect(await twice(() => sessions.join(session, id, 1, true, ["k", "l"]))).toEqual([new Map(), new Map()]);
  expect(await twice(() => sessions.export(key, id, 2, ["k", "1"]))).toEqual([[id], [id]]);
  expect(await twice(() => sessions.join(session, id, 1, false, ["k", "l"]))).toEqual([new Map([["k", "1"]]), new Map([["k", "1"]])]);
  await twice(() => sessions.leave(key, id));
  expect(await sessions.exporters(key)).toEqual([]);
});

test("shareSession and settleSession", async () => {
  const sessions = sessionStore();
  // The node's own timers may pay the debt in between: then once more, with another workflow.
  await waitFor(async () => {
    const id = await submit(definition);
    const session = { tenant: "default", id: `session:${id}` };
    await twice(() => sessions.share({ ...session, tenant: "other" }, id));
    expect(await sessions.debtOf(id)).toBeUndefined();
    await twice(() => sessions.share(session, id));
    const debt = await sessions.debtOf(id);
    const answers = [...await twice(() => sessions.settle(id, sessionKey(session), "x")), ...await twice(() => sessions.settle(id, sessionKey(session), "j"))];
    return debt?.owes === "j" && answers.join() === "CHANGED,CHANGED,OK,OK";
  }, { what: "a debt that is noted once and struck off once" });
  expect(await sessions.settle(`s0-${"9".repeat(26)}`, sessionKey({ tenant: "default", id: "x" }), "j")).toBe("GONE");
});

function sessionStore(): RedisSessions {
  return new RedisSessions(node.redis, new ShardKeys(keyPrefix, 1), new Scripts(node.redis), 3_600_000);
}

test("holdRelay: but for the time until which the lease holds", async () => {
  const bridge = new RedisBridge(node.redis, new ShardKeys(keyPrefix, 1), new Scripts(node.redis), 60_000);
  const { relay } = new ShardKeys(keyPrefix, 1).of(0);
  const same = async <T>(call: () => Promise<T>): Promise<T> => {
    const state = async (): Promise<object> => ({ ...(await node.redis.hgetall(relay)), until: "" });
    const first = await call();
    const after = await state();
    expect(await call()).toEqual(first);
    expect(await state()).toEqual(after);
    return first;
  };
  const { token } = await same(() => bridge.takeRelay(0, "a", 60_000));
  await same(() => bridge.keepRelay(0, "a", token, 60_000, "7-0"));
  expect((await same(() => bridge.takeRelay(0, "b", 60_000))).code).toBe("OTHER");
  await same(() => bridge.leaveRelay(0, "a", token));
  expect((await same(() => bridge.takeRelay(0, "b", 60_000))).code).toBe("HELD");
  expect((await same(() => bridge.keepRelay(0, "a", token, 60_000, "9-0"))).code).toBe("LOST");
  expect(await bridge.relayedTo(0)).toBe("7-0");
});

test("recordCommand", async () => {
  const bridge = new RedisBridge(node.redis, new ShardKeys(keyPrefix, 1), new Scripts(node.redis), 60_000);
  const open = await twice(() => bridge.recordCommand("default", "id", "says"));
  expect(open.map(({ code }) => code)).toEqual(["OPEN", "OPEN"]);
  const done = await twice(() => bridge.recordCommand("default", "id", "says", "{}"));
  expect(done).toEqual([{ code: "DONE", outcome: "{}" }, { code: "DONE", outcome: "{}" }]);
});
