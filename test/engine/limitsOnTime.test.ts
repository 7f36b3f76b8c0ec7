/** A limit takes effect when its time is over, however short it is and whoever has the claim: nobody waits for the next look at the timers. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { EventType, WorkflowEvent } from "../../src/workflow/events.js";
import { StoreClient } from "../faults/storeClient.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { stopSoundly } from "../support/soundKeys.js";
import { CALLER, configOf, eventsOf, startTestNode } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

/** Timers are looked at every 500 ms by themselves: one that waits for that is late by about as much. */
const LATE_MS = 200;
const LIMIT_MS = 40;
const RUNS = 7;

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => stopSoundly(node));

const far = { handler: "far-away" };
const claimElsewhere = async (): Promise<void> => {
  await node.remoteWorkers.claimTasks(CALLER, { workerId: "w-far", handlers: [far.handler], max: 5, waitMs: 5_000, leaseMs: 30_000 });
};
/** As a worker in another process does, which then is silent. */
const claimInOtherProcess = async (): Promise<void> => {
  const { store, request } = otherProcess();
  await waitFor(async () => (await store.claimTasks(0, request())).length > 0, { what: "a claim" });
};

test("an attempt that a worker elsewhere does not end", async () => {
  expect(await lateness(oneGroup(task("t", { ...far, timeoutMs: LIMIT_MS })), ["TASK_STARTED", "TASK_TIMED_OUT"], claimElsewhere)).toBeLessThan(LATE_MS);
});

test("an attempt that a worker in another process does not end", async () => {
  expect(await lateness(oneGroup(task("t", { ...far, timeoutMs: LIMIT_MS })), ["TASK_STARTED", "TASK_TIMED_OUT"], claimInOtherProcess)).toBeLessThan(LATE_MS);
});

test("attempts of items", async () => {
  const items = oneGroup(task("t", { ...far, timeoutMs: LIMIT_MS, expansion: expansion({ array: { n: [1, 2, 3] } }) }));
  expect(await lateness(items, ["TASK_STARTED", "TASK_FAILED"], claimInOtherProcess)).toBeLessThan(LATE_MS);
});

test("a handler that sends no heartbeat", async () => {
  expect(await lateness(oneGroup(task("t", { ...far, heartbeatTimeoutMs: LIMIT_MS })), ["TASK_STARTED", "TASK_TIMED_OUT"], claimElsewhere)).toBeLessThan(LATE_MS);
});

test("all the time of a task, which begins with the workflow", async () => {
  expect(await lateness(oneGroup(task("t", { ...far, totalTimeoutMs: LIMIT_MS })), ["TASK_READY", "TASK_TIMED_OUT"])).toBeLessThan(LATE_MS);
});

test("all the time of a task, which begins when another one ends", async () => {
  const definition = oneGroup(task("first"), task("t", { ...far, totalTimeoutMs: LIMIT_MS, after: ["first"] }));
  expect(await lateness(definition, ["TASK_READY", "TASK_TIMED_OUT"])).toBeLessThan(LATE_MS);
});

test("the time of a group and that of a workflow", async () => {
  expect(await lateness(workflow([group("g", [task("t", far)], { timeoutMs: LIMIT_MS })]), ["GROUP_STARTED", "TASK_TIMED_OUT"])).toBeLessThan(LATE_MS);
  expect(await lateness(workflow([group("g", [task("t", far)])], { timeoutMs: LIMIT_MS }), ["WORKFLOW_SUBMITTED", "WORKFLOW_TIMED_OUT"])).toBeLessThan(LATE_MS);
});

test("a delay that was over while its workflow was paused", async () => {
  const definition = oneGroup(task("t", { handler: "delay", input: { duration: `${LIMIT_MS}ms` } }));
  const pauseUntilOver = async (id: string): Promise<void> => {
    const waiting = async (): Promise<boolean> => (await node.engine.workflowDetail(CALLER, id))?.tasks[0]?.status === "WAITING";
    await waitFor(waiting, { what: "the delay to begin", intervalMs: 1 });
    const pausedMs = Date.now();
    await node.engine.pauseWorkflow(CALLER, id);
    await waitFor(() => Date.now() > pausedMs + 2 * LIMIT_MS, { what: "the delay to be over" });
    await node.engine.resumeWorkflow(CALLER, id);
  };
  expect(await lateness(definition, ["WORKFLOW_RESUMED", "TASK_COMPLETED"], pauseUntilOver, 0)).toBeLessThan(LATE_MS);
});

/**
 * Of several workflows, one after another, the one in the middle: how long after the limit it took effect.
 * @param types of the last event with which the time began, and of the first one after it that says that it was over
 */
async function lateness(definition: WorkflowDefinition, types: [EventType, EventType], meanwhile?: (id: string) => Promise<void>, limitMs = LIMIT_MS): Promise<number> {
  const late: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition });
    expect(problems).toEqual([]);
    await meanwhile?.(workflowId as string);
    const events = await eventsOf(node, workflowId as string);
    const began = events.findLast(({ type }) => type === types[0]) as WorkflowEvent;
    const over = events.find(({ type, seq }) => type === types[1] && seq > began.seq) as WorkflowEvent;
    late.push(over.atMs - began.atMs - limitMs);
  }
  return late.sort((left, right) => left - right)[Math.floor(RUNS / 2)] as number;
}

function otherProcess() {
  const client = new StoreClient(node, "w-other", configOf(node).keyPrefix, 30_000);
  return { store: client.store, request: () => ({ ...client.request(10), lanes: [{ handler: far.handler, itemsPerSlot: 100 }] }) };
}
