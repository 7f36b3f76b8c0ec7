/** Workflows that are cut off, retried and cut off again: counts stay right, groups end, and nothing runs without what it needs. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import type { GroupEvent } from "../../../src/workflow/events.js";
import type { TaskCounts } from "../../../src/workflow/status.js";
import { expansion, group, task, workflow } from "../../support/builders.js";
import { foldLog } from "../../model/checkLog.js";
import { stopSoundly } from "../../support/soundKeys.js";
import { CALLER, startTestNode } from "../../support/testNode.js";
import { Gates } from "./gates.js";
import { becomes, codes, logOf, start, taskBecomes, taskIn } from "./support.js";

const gates = new Gates();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [gates.handler], config: { workerConcurrency: 50 } }); });
afterAll(() => stopSoundly(node));

const gated = (name: string, parts: Parameters<typeof task>[1] = {}): ReturnType<typeof task> => task(name, { handler: "gate", input: name, ...parts });

async function retry(id: string): Promise<void> {
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual([]);
}

function sumOf({ total: _, ...others }: TaskCounts): number {
  return Object.values(others).reduce((sum, count) => sum + count, 0);
}

test("an expanded group that was opened again and stopped before its turn came counts what is in it once", async () => {
  const inner = group("inner", [task("quick")], { expansion: expansion({ array: { w: [1, 2] } }), dependencies: ["first"] });
  const definition = workflow([group("outer", [gated("bad"), task("first", { handler: "log" }), gated("later", { dependencies: ["quick"] })], {
    expansion: expansion({ array: { v: [1, 2] }, failFast: true }), groups: [inner], resultKeys: [],
  })]);
  const id = await start(node, { definition });
  for (const at of [0, 1]) await gates.ready(id, `outer[${at}].later`);
  for (const at of [0, 1]) await gates.end(id, `outer[${at}].later`, true);
  await gates.end(id, "outer[0].bad", false);
  expect(sumOf((await becomes(node, id, "FAILED")).counts)).toBe(10);
  for (let again = 0; again < 3; again++) {
    await retry(id);
    await node.engine.cancelWorkflow(CALLER, id);
    const { counts } = await becomes(node, id, "CANCELLED");
    expect([sumOf(counts), counts.total, counts.pending]).toEqual([10, 10, 0]);
  }
});

test("a group that had started ends, even if all that was left in it is skipped once the workflow is retried", async () => {
  const definition = workflow([group("g", [task("a"), task("b", { after: ["h.bad"] })]), group("h", [gated("bad")])]);
  const id = await start(node, { definition });
  await taskBecomes(node, id, "g.a", "COMPLETED");
  await node.engine.cancelWorkflow(CALLER, id);
  await becomes(node, id, "CANCELLED");
  await retry(id);
  await gates.end(id, "h.bad", false);
  const done = await becomes(node, id, "FAILED");
  expect(taskIn(done, "g.b").status).toBe("SKIPPED");
  const ofGroup = (await logOf(node, id)).filter((event): event is GroupEvent => event.kind === "group" && event.group === "g");
  expect(ofGroup.map(({ type }) => type)).toEqual(["GROUP_STARTED", "GROUP_STARTED", "GROUP_COMPLETED"]);
});

test("what was cancelled with its group is skipped by retryWorkflow when a key that it needs was not delivered afterwards", async () => {
  const definition = workflow([
    group("g", [gated("late", { resultKeys: [], optionalResultKeys: ["maybe"], input: {} })]),
    group("h", [gated("bad"), task("reads", { input: "{{ maybe.id }}" }), task("after", { after: ["reads"] })], { onFailure: "FAIL_FAST" }),
  ]);
  const id = await start(node, { definition });
  await gates.end(id, "h.bad", false);
  await taskBecomes(node, id, "h.reads", "CANCELLED");
  await gates.end(id, "g.late", true);
  await becomes(node, id, "FAILED");
  await retry(id);
  await gates.end(id, "h.bad", true);
  const done = await becomes(node, id, "COMPLETED");
  expect(done.tasks.map(({ status, error }) => `${status} ${error?.code ?? ""}`.trim())).toEqual(["COMPLETED", "COMPLETED", "SKIPPED UPSTREAM", "SKIPPED UPSTREAM"]);
  expect(done.counts).toMatchObject({ total: 4, completed: 2, skipped: 2 });
});

test("a task that began anew, and was cancelled before its turn came, counts its attempts on from those it had", async () => {
  const each = task("each", { after: ["first"], expansion: expansion({ array: { v: [1] } }) });
  const id = await start(node, { definition: workflow([group("g", [gated("first", { compensate: { handler: "log", input: "undone" } }), each, gated("last", { after: ["each"] })])]) });
  const cancelled = async (): Promise<void> => {
    await node.engine.cancelWorkflow(CALLER, id);
    await becomes(node, id, "CANCELLED");
  };
  await gates.end(id, "g.first", true);
  await gates.ready(id, "g.last");
  await cancelled();
  await retry(id);
  await gates.ready(id, "g.first");
  await cancelled();
  await retry(id);
  await gates.end(id, "g.first", true);
  await gates.end(id, "g.last", true);
  await becomes(node, id, "COMPLETED");
  const attempts = (await logOf(node, id)).flatMap((event) => (event.type === "TASK_STARTED" && event.task === "g.each" && event.itemIndex === undefined ? [event.attempt] : []));
  expect(attempts).toHaveLength(2);
  expect(attempts[1]).toBeGreaterThan(attempts[0] as number);
});

test("what was compensated, and what came after it, has no items and no instances any more when it is cancelled before its turn: counts and the log say so", async () => {
  const undo = { compensate: { handler: "log", input: "undone" } };
  const many = (name: string, parts: Parameters<typeof task>[1] = {}): ReturnType<typeof task> => task(name, { expansion: expansion({ array: { v: [1, 2, 3] } }), ...parts });
  const each = group("each", [task("inner")], { expansion: expansion({ array: { w: [1, 2] } }), dependencies: ["after"], resultKeys: [] });
  const id = await start(node, { definition: workflow([group("g", [gated("bad"), gated("first", undo), many("undone", { after: ["first"], ...undo }), many("after", { dependencies: ["undone"] }), many("other")], {
    onFailure: "FAIL_FAST", groups: [each],
  })]) });
  await gates.ready(id, "g.bad");
  await gates.end(id, "g.first", true);
  for (const address of ["g.each", "g.other"]) await taskBecomes(node, id, address, "COMPLETED");
  await node.engine.cancelWorkflow(CALLER, id);
  expect((await becomes(node, id, "CANCELLED")).counts).toMatchObject({ completed: 1 + 3 + 3 + 3 + 2 + 1 + 3, cancelled: 1 });
  await retry(id);
  await gates.ready(id, "g.first");
  await gates.end(id, "g.bad", false);
  const detail = await becomes(node, id, "FAILED");
  expect(detail.counts).toMatchObject({ completed: 3, cancelled: 4, failed: 1 });
  const addresses = detail.tasks.filter(({ node: { kind, scope } }) => kind === "TASK" && scope === undefined).map(({ address }) => address);
  const folded = foldLog(await logOf(node, id), addresses, { nodes: detail.plan.nodes });
  // What is in a group that was never expanded is in no event.
  expect(folded.counts).toEqual({ ...detail.counts, total: detail.counts.total - 1, cancelled: detail.counts.cancelled - 1 });
});

test("what completes of items that go on once the workflow is retried is undone when the rest of them is cancelled", async () => {
  const each = gated("each", { expansion: expansion({ array: { v: [1, 2] }, maxParallel: 1 }), compensate: { handler: "log", input: "undone" } });
  const id = await start(node, { definition: workflow([group("g", [gated("bad"), each], { onFailure: "FAIL_FAST" })]) });
  await gates.ready(id, "g.each[0]");
  await node.engine.cancelWorkflow(CALLER, id);
  await becomes(node, id, "CANCELLED");
  await retry(id);
  await gates.end(id, "g.each[0]", true);
  await gates.ready(id, "g.each[1]");
  await gates.end(id, "g.bad", false);
  const done = await becomes(node, id, "FAILED");
  expect(taskIn(done, "g.each")).toMatchObject({ status: "CANCELLED", itemCounts: { completed: 1, cancelled: 1 } });
  expect(taskIn(done, "g.each!compensate")).toMatchObject({ status: "COMPLETED", itemCounts: { completed: 1 } });
});

test("a group in which nothing had been ready when it was cancelled does not start once the workflow is retried, when all that is in it is skipped", async () => {
  const deep = group("deep", [task("never")], { expansion: expansion({ array: { v: [1, 2] } }), dependencies: ["first"], resultKeys: [] });
  const id = await start(node, { definition: workflow([group("g", [gated("first", { onFailure: "IGNORE" })]), group("h", [], { groups: [deep] })]) });
  await gates.ready(id, "g.first");
  await node.engine.cancelWorkflow(CALLER, id);
  const { groups } = await becomes(node, id, "CANCELLED");
  expect(groups[1]?.groups[0]).toMatchObject({ address: "h.deep", status: "CANCELLED" });
  await retry(id);
  await gates.end(id, "g.first", false);
  await becomes(node, id, "COMPLETED");
  const started = (await logOf(node, id)).filter((event): event is GroupEvent => event.kind === "group").map(({ group: address }) => address);
  expect(started).not.toContain("h");
});
