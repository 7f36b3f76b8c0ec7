/** Progress: at once, then as things change but not too often, and a last one that says how it ended. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { WorkflowProgressSnapshot } from "../../src/events/EventSource.js";
import { Hub } from "../../src/events/Hub.js";
import { ProgressIterator } from "../../src/events/ProgressIterator.js";
import type { FanwireNode } from "../../src/main.js";
import { noCounts } from "../../src/workflow/status.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { CALLER, startTestNode } from "../support/testNode.js";
import { slow } from "../faults/handlers.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [slow] }); });
afterAll(() => node.stop());

async function submit(items: number, ms: number): Promise<string> {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(
    task("each", { handler: "slow", input: { value: 1, ms }, expansion: expansion({ array: { x: `[1..${items}]` }, maxParallel: 4 }) }),
  ) });
  return workflowId as string;
}

async function snapshots(id: string, throttleMs: number): Promise<{ snapshot: WorkflowProgressSnapshot; atMs: number }[]> {
  const found: { snapshot: WorkflowProgressSnapshot; atMs: number }[] = [];
  for await (const snapshot of node.events.progress(id, throttleMs)) found.push({ snapshot, atMs: Date.now() });
  return found;
}

test("the first comes at once, the last is terminal with 100 %, and it ends", async () => {
  const askedMs = Date.now();
  const all = await snapshots(await submit(40, 20), 30);
  expect((all[0]?.atMs as number) - askedMs).toBeLessThan(1_000);
  const last = all.at(-1)?.snapshot as WorkflowProgressSnapshot;
  expect(last).toMatchObject({ status: "COMPLETED", percent: 100, counts: { total: 40, completed: 40, running: 0 } });
  expect(all.slice(0, -1).every(({ snapshot }) => snapshot.status !== "COMPLETED")).toBe(true);
});

test("percent and cursor never go back once the items are known", async () => {
  const all = (await snapshots(await submit(40, 20), 10)).map(({ snapshot }) => snapshot).filter(({ counts }) => counts.total === 40);
  expect(all.length).toBeGreaterThan(3);
  expect(all.map(({ percent }) => percent)).toEqual([...all.map(({ percent }) => percent)].sort((a, b) => a - b));
  expect(new Set(all.map(({ cursor }) => cursor)).size).toBe(all.length);
});

test("snapshots keep the distance asked for", async () => {
  const throttleMs = 150;
  const all = await snapshots(await submit(60, 30), throttleMs);
  expect(all.length).toBeGreaterThan(2);
  const distances = all.slice(1).map(({ atMs }, i) => atMs - (all[i]?.atMs as number));
  // The clock of a timer may run a millisecond or two ahead of Date.now().
  for (const distance of distances) expect(distance).toBeGreaterThanOrEqual(throttleMs - 5);
});

test("events that change no count bring no snapshot", async () => {
  const hub = new Hub();
  let reads = 0;
  const progress = new ProgressIterator("w", 0, hub, () => {
    reads++;
    return Promise.resolve({ workflowId: "w", status: reads < 5 ? "RUNNING" : "COMPLETED", percent: 0, counts: noCounts(), cursor: `c${reads}`, atMs: 0 });
  });
  const found: string[] = [];
  for (const ringer = setInterval(() => hub.ring(["w"]), 1); ;) {
    const { value, done } = await progress.next();
    if (done) {
      clearInterval(ringer);
      break;
    }
    found.push((value as WorkflowProgressSnapshot).status);
  }
  expect(found).toEqual(["RUNNING", "COMPLETED"]);
  expect(reads).toBe(5);
  hub.stop();
});

test("progress of a workflow that has ended is one terminal snapshot", async () => {
  const id = await submit(2, 1);
  await snapshots(id, 10);
  const again = await snapshots(id, 10);
  expect(again.map(({ snapshot }) => snapshot.status)).toEqual(["COMPLETED"]);
});

test("progress of an unknown workflow is NOT_FOUND", async () => {
  const progress = node.events.progress(`s0-${"0".repeat(26)}`, 10);
  await expect(progress.next()).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect((await progress.next()).done).toBe(true);
});

test("closing it ends a wait and a pause at once", async () => {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("long", { handler: "delay", input: { duration: "1h" } })) });
  for (const throttleMs of [0, 3_600_000]) {
    const progress = node.events.progress(workflowId as string, throttleMs);
    await progress.next();
    const waiting = (async () => { for await (const snapshot of progress) expect(snapshot.status).not.toBe("COMPLETED"); })();
    await node.engine.workflow(CALLER, workflowId as string);
    await progress.return?.();
    await waiting;
  }
  await node.engine.cancelWorkflow(CALLER, workflowId as string);
});
