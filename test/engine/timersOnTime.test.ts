/** Timers that are set while timers are fired are on time too: nobody waits for the next look. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { TaskEvent } from "../../src/workflow/events.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { stopSoundly } from "../support/soundKeys.js";
import { CALLER, eventsOf, startTestNode } from "../support/testNode.js";

/** Timers are looked at every 500 ms by themselves: one that waits for that is late by about as much. */
const LATE_MS = 300;
const ATTEMPTS = 8;

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => stopSoundly(node));

const again = retry({ maxAttempts: ATTEMPTS, initialDelayMs: 1, factor: 1 });
const refusedDelay = { handler: "delay", input: { duration: "1ms" }, validate: "false", retry: again };

test("a retry of a result that was refused when its delay was over", async () => {
  expect(await lateness(task("t", refusedDelay))).toBeLessThan(LATE_MS);
});

test("a retry of an item whose delayed result was refused", async () => {
  expect(await lateness(task("t", { ...refusedDelay, expansion: expansion({ array: { v: [1] } }) }))).toBeLessThan(LATE_MS);
});

test("a retry after a sub-workflow has failed", async () => {
  const child = { ...oneGroup(task("t", { handler: "fail", input: { code: "BAD", message: "as asked" } })), name: "fails" };
  expect((await node.engine.registerDefinition(CALLER, child)).problems).toEqual([]);
  expect(await lateness(task("t", { handler: "workflow", input: { definitionName: "fails" }, retry: again }))).toBeLessThan(LATE_MS);
});

/** Of the attempts after the first the one in the middle: how long after it was due it started. */
async function lateness(declared: TaskDefinition): Promise<number> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(declared) });
  expect(problems).toEqual([]);
  const events = (await eventsOf(node, workflowId as string)).filter((event): event is TaskEvent => event.kind === "task");
  const due = events.filter(({ type }) => type === "TASK_RETRYING").map(({ untilMs }) => untilMs as number);
  const started = events.filter(({ type, attempt }) => type === "TASK_STARTED" && attempt > 1).map(({ atMs }) => atMs);
  expect(started.length).toBe(ATTEMPTS - 1);
  const late = started.map((atMs, i) => atMs - (due[i] as number)).sort((left, right) => left - right);
  return late[Math.floor(late.length / 2)] as number;
}
