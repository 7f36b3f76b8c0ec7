/** What the doorbell tells of event logs spares reads, and is never taken for more than it is. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { HeardEntries } from "../../src/events/HeardEntries.js";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { EventType, WorkflowEvent } from "../../src/workflow/events.js";
import { oneGroup, task } from "../support/builders.js";
import { CALLER, startTestNode } from "../support/testNode.js";

let node: FanwireNode;
let heard: HeardEntries;

beforeAll(async () => { node = await startTestNode(); });
afterAll(() => node.stop());
beforeEach(() => { heard = new HeardEntries(); });
afterEach(() => { vi.useRealTimers(); });

test("entries that were told one after the other are had from any of them on", () => {
  heard.hear("w", [4, "four"]);
  heard.hear("w", [5, "five"]);
  expect([3, 4, 5, 6].map((from) => heard.from("w", from))).toEqual([undefined, ["four", "five"], ["five"], []]);
  expect(heard.from("other", 4)).toBeUndefined();
});

test("behind a gap only what came after it is had", () => {
  heard.hear("w", [4, "four"]);
  heard.hear("w", [6, "six"]);
  expect([4, 5, 6].map((from) => heard.from("w", from))).toEqual([undefined, undefined, ["six"]]);
});

test("an entry told a second time does not come twice", () => {
  heard.hear("w", [4, "four"]);
  heard.hear("w", [4, "four"]);
  expect(heard.from("w", 4)).toEqual(["four"]);
});

test("once there are entries that were not told the store has to be asked", () => {
  heard.hear("w", [4, "four"]);
  heard.hear("w");
  expect(heard.from("w", 4)).toBeUndefined();
});

test("after a second the store has to be asked", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  heard.hear("w", [4, "four"]);
  vi.advanceTimersByTime(1_000);
  expect(heard.from("w", 4)).toEqual(["four"]);
  vi.advanceTimersByTime(1);
  expect(heard.from("w", 4)).toBeUndefined();
});

test("of a long log only the newest entries are kept, and of many logs the latest", () => {
  for (let i = 0; i < 30; i++) heard.hear("w", [i, `${i}`]);
  expect(heard.from("w", 9)).toBeUndefined();
  expect(heard.from("w", 10)).toHaveLength(20);
  for (let i = 0; i < 1_000; i++) heard.hear(`w${i}`, [0, ""]);
  expect(heard.from("w", 10)).toBeUndefined();
  expect(heard.from("w0", 0)).toEqual([""]);
});

/** Follows a workflow, and does something when the first event of a type comes; answers how often logs were read from then on. */
async function readsAfter(definition: WorkflowDefinition, type: EventType, act: (id: string) => Promise<{ problems: readonly unknown[] }>): Promise<{ reads: number; events: WorkflowEvent[] }> {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition });
  const events: WorkflowEvent[] = [];
  const reads = vi.spyOn(node.redis, "lrange");
  try {
    for await (const event of node.events.subscribe(workflowId as string)) {
      events.push(event);
      if (event.type !== type || reads.mock.lastCall === undefined) continue;
      reads.mockClear();
      expect((await act(workflowId as string)).problems).toEqual([]);
    }
    return { reads: reads.mock.calls.length, events };
  } finally {
    reads.mockRestore();
  }
}

test("who follows a workflow gets short entries with the doorbell, without a read", async () => {
  const { reads, events } = await readsAfter(oneGroup(task("ask", { handler: "approval" })), "TASK_WAITING",
    (id) => node.engine.signalTask(CALLER, { workflowId: id, task: "g.ask", outcome: "APPROVE", payload: 1 }));
  expect(events.map(({ type }) => type).slice(-5)).toEqual(["TASK_WAITING", "TASK_COMPLETED", "CONTEXT_UPDATED", "GROUP_COMPLETED", "WORKFLOW_COMPLETED"]);
  expect(reads).toBe(0);
});

test("an entry too long to be told is read", async () => {
  const keys = Array.from({ length: 100 }, (_, i) => `anExternalKey${i}`);
  const definition = { ...oneGroup(task("use", { dependencies: keys })), externalKeys: keys };
  const { reads, events } = await readsAfter(definition, "WORKFLOW_STARTED",
    (id) => node.engine.provideContext(CALLER, id, Object.fromEntries(keys.map((key) => [key, 1]))));
  expect(events.find((event) => event.type === "CONTEXT_UPDATED")).toMatchObject({ keys });
  expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
  expect(reads).toBeGreaterThan(0);
});
