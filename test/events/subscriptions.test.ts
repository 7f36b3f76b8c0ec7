/** Subscriptions replay and follow a log from any cursor, exactly once, and end; what cannot be followed is an error with a code. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { ReadOptions } from "../../src/events/EventSource.js";
import type { FanwireNode } from "../../src/main.js";
import { makeCursor } from "../../src/workflow/cursor.js";
import type { EventType, WorkflowEvent } from "../../src/workflow/events.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

let node: FanwireNode;
let id: string;
let log: WorkflowEvent[];

/** Many entries, and entries of many events: cursors in the middle of an entry count too. */
const mixed = workflow([
  group("g", [
    task("each", { handler: "transform", input: { expression: "x", data: { x: "{{ x }}" } }, expansion: expansion({ array: { x: "[1..25]" }, maxParallel: 8 }) }),
    task("a"), task("b", { after: ["a"] }), task("never", { when: "false" }),
  ]),
  group("h", [task("c", { after: ["g.each", "g.b"] })]),
]);

beforeAll(async () => {
  node = await startTestNode();
  id = (await node.engine.submitWorkflow(CALLER, { definition: mixed })).workflowId as string;
  log = await collected(id);
});
afterAll(() => node.stop());

async function collected(workflowId: string, options: ReadOptions = {}): Promise<WorkflowEvent[]> {
  const events: WorkflowEvent[] = [];
  for await (const event of node.events.subscribe(workflowId, options)) events.push(event);
  return events;
}

/** Has begun, and goes on until it is cancelled. */
async function runningWorkflow(): Promise<string> {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("long", { handler: "delay", input: { duration: "1h" } })) });
  const started = node.events.subscribe(workflowId as string, { types: ["TASK_WAITING"] });
  await started.next();
  await started.return?.();
  return workflowId as string;
}

test("the cursor of every event gives exactly the events after it", async () => {
  expect(log.map((event) => event.seq)).toEqual(log.map((_, i) => i + 1));
  const entries = Number(await node.redis.llen((await node.redis.keys(`*:e:${id}`))[0] as string));
  expect(log.length).toBeGreaterThan(entries);
  for (const [i, event] of log.entries()) expect(await collected(id, { after: event.cursor })).toEqual(log.slice(i + 1));
});

test("pages from every cursor agree with the log, and say whether there is more", async () => {
  for (const [i, event] of log.entries()) {
    const page = await node.events.readEvents(id, 10, { after: event.cursor });
    expect(page.events).toEqual(log.slice(i + 1, i + 11));
    expect(page.hasMore).toBe(i + 11 < log.length);
  }
});

test("LATEST gives only what comes after, and nothing of a workflow that has ended", async () => {
  const running = await runningWorkflow();
  const before = (await node.engine.workflow(CALLER, running))?.cursor as string;
  const latest = collected(running, { after: "LATEST" });
  const other = node.events.subscribe(running, { after: before });
  // Where LATEST is has been read before this answer.
  await node.events.readEvents(running, 1);
  await node.engine.cancelWorkflow(CALLER, running);
  const expected = [(await other.next()).value as WorkflowEvent, (await other.next()).value as WorkflowEvent];
  expect(expected.map((event) => event.type)).toEqual(["TASK_CANCELLED", "WORKFLOW_CANCELLED"]);
  expect(await latest).toEqual(expected);
  expect(await collected(running, { after: "LATEST" })).toEqual([]);
});

test("a filter by type ends with the workflow, even when it leaves the last event out", async () => {
  const wanted: EventType[] = ["TASK_EXPANDED", "TASK_SKIPPED"];
  expect((await collected(id, { types: wanted })).map((event) => event.seq)).toEqual(log.filter((event) => wanted.includes(event.type)).map((event) => event.seq));
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("a", { handler: "delay", input: { duration: "50ms" } })) });
  expect((await collected(workflowId as string, { types: ["TASK_WAITING"] })).map((event) => event.type)).toEqual(["TASK_WAITING"]);
});

test("results come with the events only when asked for", async () => {
  const withResults = await collected(id, { withResults: true, types: ["TASK_COMPLETED"] });
  const ofItems = withResults.filter((event) => event.kind === "task" && event.itemIndex !== undefined);
  expect(ofItems.map((event) => event.kind === "task" && event.result)).toEqual(ofItems.map((event) => event.kind === "task" && (event.itemIndex as number) + 1));
  expect(log.every((event) => !("result" in event))).toBe(true);
});

test.each<[string, (of: string) => [string, ReadOptions]]>([
  ["CURSOR_INVALID", (of) => [of, { after: "not a cursor" }]],
  ["CURSOR_INVALID", (of) => [of, { after: "" }]],
  ["CURSOR_AHEAD", (of) => [of, { after: makeCursor({ entry: 1, seq: 100_000 }) }]],
  ["CURSOR_AHEAD", (of) => [of, { after: makeCursor({ entry: 100_000, seq: 1 }) }]],
  ["CURSOR_EXPIRED", () => [`s0-${"0".repeat(26)}`, { after: makeCursor({ entry: 1, seq: 3 }) }]],
  ["NOT_FOUND", () => [`s0-${"0".repeat(26)}`, {}]],
  ["NOT_FOUND", () => ["no id at all", {}]],
])("%s is an error of the first next() and of a page", async (code, make) => {
  const [workflowId, options] = make(id);
  const subscription = node.events.subscribe(workflowId, options);
  await expect(subscription.next()).rejects.toMatchObject({ code });
  expect(await subscription.next()).toEqual({ value: undefined, done: true });
  await expect(node.events.readEvents(workflowId, 10, options)).rejects.toMatchObject({ code });
});

test("a subscription that nobody reads raises no error", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => { unhandled.push(reason); };
  process.on("unhandledRejection", note);
  await node.events.subscribe("no id at all").return?.();
  await node.events.readEvents(id, 1);
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

test("closing it while it waits ends the wait at once", async () => {
  const running = await runningWorkflow();
  const subscription = node.events.subscribe(running, { after: "LATEST" });
  let answered = false;
  const waiting = subscription.next().finally(() => { answered = true; });
  await node.events.readEvents(running, 1);
  expect(answered).toBe(false);
  const closedMs = Date.now();
  expect(await subscription.return?.()).toEqual({ value: undefined, done: true });
  expect(await waiting).toEqual({ value: undefined, done: true });
  // Sooner than any poll.
  expect(Date.now() - closedMs).toBeLessThan(500);
  expect(await subscription.next()).toEqual({ value: undefined, done: true });
  await node.engine.cancelWorkflow(CALLER, running);
});

test("questions asked at once are answered in order", async () => {
  const subscription = node.events.subscribe(id);
  const answers = await Promise.all(log.map(() => subscription.next()));
  expect(answers.map(({ value }) => (value as WorkflowEvent).seq)).toEqual(log.map((event) => event.seq));
  expect((await subscription.next()).done).toBe(true);
});

test("fifty subscribers of one workflow all see the same", async () => {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: mixed });
  const [first, ...others] = await Promise.all(Array.from({ length: 50 }, () => eventsOf(node, workflowId as string)));
  for (const other of others) expect(other).toEqual(first);
});

test("a subscription opened at any moment of a run sees the whole log", async () => {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: mixed });
  const opened: Promise<WorkflowEvent[]>[] = [];
  const follow = finished(node, workflowId as string);
  await waitFor(async () => {
    opened.push(collected(workflowId as string));
    return (await node.engine.workflow(CALLER, workflowId as string))?.status === "COMPLETED";
  }, { intervalMs: 1 });
  await follow;
  for (const events of await Promise.all(opened)) expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
  expect(new Set((await Promise.all(opened)).map((events) => events.length)).size).toBe(1);
});
