/** Scripts asked twice where limits, compensations and sub-workflows are at play, see scriptsTwice.test.ts. */

import { expect, test } from "vitest";
import type { Outcome, RetryCommand, SubmitCommand } from "../../src/engine/ports.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import { group, oneGroup, task, workflow } from "../support/builders.js";
import { CALLER } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { refOf } from "./storeClient.js";
import { node, client, keyPrefix, definition, fan, twice, claimed, expandOutcome, claimedItems, send, error, done, repeating, useTwice } from "./twice.js";

useTwice();

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
    context: [], eventLines: "B\nG 0\nR 0\nR 1", eventCount: 4, ready: ["0", "slow~0"], held: ["0", "1 1 slow~0"], mark: "", deadlines: ["w", 60_000, "g0", 60_000, "t0", 60_000],
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
  const command = { seq, groups: [0, 2, 1], route: "", tasks, compensations: [{ node: 2, base: 1, attempt: "0 1 w1 -" }], contextKeys: ["a"] };
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
