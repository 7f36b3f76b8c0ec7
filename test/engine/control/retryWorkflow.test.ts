/** retryWorkflow keeps what completed, items included, and runs the rest again in place. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Handler } from "../../../src/engine/handlers.js";
import type { FanwireNode } from "../../../src/main.js";
import type { WorkflowEvent } from "../../../src/workflow/events.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../../support/builders.js";
import { stopSoundly } from "../../support/soundKeys.js";
import { CALLER, eventsOf, finished, startTestNode } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, codes, detailOf, logOf, start, taskBecomes, taskIn } from "./support.js";

/** Fails while its input is in here. */
const broken = new Set<unknown>();
const calls: unknown[] = [];
const fragile: Handler = {
  name: "fragile", description: "Fails while it is broken.", builtIn: false,
  run: ({ input }) => {
    calls.push(input);
    if (broken.has(input)) throw new Error(`${String(input)} is broken`);
    return `${String(input)}!`;
  },
};

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [fragile] }); });
afterAll(() => stopSoundly(node));

const flaky = (name: string, parts: Parameters<typeof task>[1] = {}): ReturnType<typeof task> => task(name, { handler: "fragile", input: name, ...parts });

async function retried(id: string): Promise<void> {
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual([]);
  for (const name of [...broken]) broken.delete(name);
}

function started(events: readonly WorkflowEvent[]): string[] {
  return events.flatMap((event) => (event.type === "TASK_STARTED" ? [`${event.task}${event.item === undefined ? "" : `[${event.item}]`} ${event.attempt}`] : []));
}

test("what failed and what was skipped because of it runs again; what completed or was skipped by its condition stays", async () => {
  const definition = workflow([
    group("one", [flaky("a"), flaky("b"), flaky("c", { dependencies: ["a", "b"] }), flaky("d", { after: ["c"] })]),
    group("two", [flaky("e"), flaky("never", { when: "false" }), flaky("below", { dependencies: ["never"] }), flaky("under", { dependencies: ["b", "never"] })]),
  ]);
  broken.add("b");
  const id = await start(node, { definition });
  const failed = await becomes(node, id, "FAILED");
  expect(failed.tasks.map(({ status }) => status)).toEqual(["COMPLETED", "FAILED", "SKIPPED", "SKIPPED", "COMPLETED", "SKIPPED", "SKIPPED", "SKIPPED"]);
  const before = await logOf(node, id);
  broken.clear();
  await retried(id);
  const done = await becomes(node, id, "COMPLETED");
  expect(done.tasks.map(({ status }) => status)).toEqual(["COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED", "SKIPPED", "SKIPPED", "SKIPPED"]);
  expect(done).toMatchObject({ partial: false, counts: { total: 8, completed: 5, skipped: 3, failed: 0, pending: 0, ready: 0, running: 0 } });
  expect(done.error).toBeUndefined();
  expect(await node.engine.context(id)).toEqual({ a: "a!", b: "b!", c: "c!", d: "d!", e: "e!" });
  const after = (await logOf(node, id)).slice(before.length);
  expect(after[0]).toMatchObject({ type: "WORKFLOW_RETRIED", status: "RUNNING", seq: before.length + 1 });
  expect(started(after)).toEqual(["one.b 2", "one.c 1", "one.d 1"]);
  expect(after.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
  expect(node.engine.attempts(taskIn(done, "one.b"))).toMatchObject([{ number: 1, error: { message: "b is broken" } }, { number: 2 }]);
});

test("a reader that starts at the beginning reads on behind the first end", async () => {
  broken.add("f");
  const id = await start(node, { definition: oneGroup(flaky("f")) });
  expect((await finished(node, id)).status).toBe("FAILED");
  broken.clear();
  await retried(id);
  await becomes(node, id, "COMPLETED");
  expect((await eventsOf(node, id)).map(({ type }) => type).filter((type) => type.startsWith("WORKFLOW_"))).toEqual([
    "WORKFLOW_SUBMITTED", "WORKFLOW_STARTED", "WORKFLOW_FAILED", "WORKFLOW_RETRIED", "WORKFLOW_COMPLETED",
  ]);
});

test("of an expansion only the items that did not complete run again", async () => {
  const names = Array.from({ length: 50 }, (_, i) => `item${i}`);
  const definition = oneGroup(
    flaky("each", { input: "{{ x }}", expansion: expansion({ array: { x: "names" }, toleratedFailures: 0, failFast: false }) }),
    task("count", { handler: "transform", input: { expression: "$count(all)", data: { all: "{{ each }}" } } }),
  );
  for (const name of ["item3", "item4", "item49"]) broken.add(name);
  const id = await start(node, { definition, context: { names } });
  await becomes(node, id, "FAILED");
  calls.length = 0;
  broken.clear();
  await retried(id);
  const done = await becomes(node, id, "COMPLETED");
  expect([...calls].sort()).toEqual(["item3", "item4", "item49"]);
  expect(done.counts).toMatchObject({ total: 51, completed: 51, failed: 0, cancelled: 0, pending: 0, ready: 0, running: 0 });
  expect(await node.engine.context(id, ["each", "count"])).toEqual({ each: names.map((name) => `${name}!`), count: 50 });
  const { edges } = await node.engine.items(taskIn(done, "g.each"), {}, { first: 100 });
  expect(edges.map(({ node: item }) => item.attempt)).toEqual(names.map((name) => (["item3", "item4", "item49"].includes(name) ? 2 : 1)));
  expect(edges.every(({ node: item }) => item.error === undefined)).toBe(true);
});

test("items that a failure cancelled run, within the limit; an output that could not be made is made again", async () => {
  const definition = oneGroup(flaky("each", { input: "{{ x }}", expansion: expansion({ array: { x: "names" }, maxParallel: 2 }) }));
  const names = ["p", "q", "r", "s", "t", "u"];
  broken.add("p");
  const id = await start(node, { definition, context: { names } });
  const failed = await becomes(node, id, "FAILED");
  expect(failed.counts.cancelled).toBeGreaterThan(0);
  broken.clear();
  await retried(id);
  const done = await becomes(node, id, "COMPLETED");
  expect(done.counts).toMatchObject({ total: 6, completed: 6, cancelled: 0 });
  expect(await node.engine.context(id, ["each"])).toEqual({ each: names.map((name) => `${name}!`) });

  const reduced = await start(node, { definition: oneGroup(flaky("each", { input: "{{ x }}", expansion: expansion({ array: { x: "names" }, outputFormat: "SINGLE", reduce: "$number($results[0])" }) })), context: { names: ["v", "w"] } });
  await becomes(node, reduced, "FAILED");
  calls.length = 0;
  await retried(reduced);
  await waitFor(async () => (await logOf(node, reduced)).filter(({ type }) => type === "WORKFLOW_FAILED").length === 2);
  expect(calls).toEqual([]);
  expect((await detailOf(node, reduced)).counts).toMatchObject({ total: 2, completed: 2 });
});

test("the task's retries count from the retry on", async () => {
  broken.add("again");
  const id = await start(node, { definition: oneGroup(flaky("again", { retry: retry({ maxAttempts: 2, initialDelayMs: 1 }) })) });
  expect((await becomes(node, id, "FAILED")).tasks[0]?.attempt).toBe(2);
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual([]);
  await waitFor(async () => (await logOf(node, id)).filter(({ type }) => type === "WORKFLOW_FAILED").length === 2);
  expect((await detailOf(node, id)).tasks[0]?.attempt).toBe(4);
  broken.clear();
  await retried(id);
  const done = await becomes(node, id, "COMPLETED");
  expect(node.engine.attempts(taskIn(done, "g.again")).map(({ number, error }) => [number, error?.code])).toEqual([
    [1, "HANDLER_ERROR"], [2, "HANDLER_ERROR"], [3, "HANDLER_ERROR"], [4, "HANDLER_ERROR"], [5, undefined],
  ]);
});

test("a cancelled workflow goes on, whatever its tasks were at; one that had not begun begins", async () => {
  const definition = workflow([group("g", [
    flaky("done"), task("ask", { handler: "signal" }), task("outside", { input: "{{ key }}" }), task("both", { input: ["{{ ask }}", "{{ key }}", "{{ done }}"] }),
    task("back", { handler: "fail", input: { untilAttempt: 2 }, retry: retry({ initialDelayMs: 3_600_000, maxDelayMs: 3_600_000, jitter: false }) }),
  ])], { externalKeys: ["key"] });
  const id = await start(node, { definition });
  await taskBecomes(node, id, "g.ask", "WAITING");
  await taskBecomes(node, id, "g.back", "WAITING");
  await taskBecomes(node, id, "g.done", "COMPLETED");
  await node.engine.cancelWorkflow(CALLER, id);
  expect(codes(await node.engine.provideContext(CALLER, id, { key: 1 }))).toEqual(["ALREADY_ENDED id"]);
  await retried(id);
  await taskBecomes(node, id, "g.ask", "WAITING");
  expect(taskIn(await detailOf(node, id), "g.both").waitingFor.map(({ kind }) => kind)).toEqual(["EXTERNAL_KEY", "KEY"]);
  await node.engine.provideContext(CALLER, id, { key: 1 });
  await node.engine.signalTask(CALLER, { workflowId: id, task: "g.ask", payload: 2, outcome: "APPROVE" });
  const done = await becomes(node, id, "COMPLETED");
  expect(done.counts).toMatchObject({ total: 5, completed: 5 });
  expect(taskIn(done, "g.back").attempt).toBe(2);
});

test("fail-fast's cancelled tasks run again", async () => {
  broken.add("x");
  const id = await start(node, { definition: workflow([group("g", [flaky("x"), task("long", { handler: "delay", input: { duration: "1h" } }), flaky("y", { dependencies: ["x"] })])], { onFailure: "FAIL_FAST" }) });
  await becomes(node, id, "FAILED");
  broken.clear();
  await retried(id);
  await taskBecomes(node, id, "g.y", "COMPLETED");
  expect(taskIn(await detailOf(node, id), "g.long").status).toBe("WAITING");
  await node.engine.cancelWorkflow(CALLER, id);
});

test("a workflow that runs, or completed, or is not there cannot be retried", async () => {
  const running = await start(node, { definition: oneGroup(task("ask", { handler: "signal" })) });
  expect(codes(await node.engine.retryWorkflow(CALLER, running))).toEqual(["NOT_ENDED id"]);
  const done = await start(node, { definition: oneGroup(flaky("z")) });
  await becomes(node, done, "COMPLETED");
  expect(codes(await node.engine.retryWorkflow(CALLER, done))).toEqual(["NOTHING_TO_RETRY id"]);
  expect(codes(await node.engine.retryWorkflow({ tenant: "other" }, done))).toEqual(["NOT_FOUND id"]);
});
