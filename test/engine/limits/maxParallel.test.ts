/** No more tasks and items of a group are under way at once than it allows, and no place is lost or given twice. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Handler } from "../../../src/engine/handlers.js";
import type { FanwireNode } from "../../../src/main.js";
import { Keys, shardPrefix } from "../../../src/store/keys.js";
import type { TaskGroupDefinition } from "../../../src/workflow/definition.js";
import { expansion, group, retry, task, workflow } from "../../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, codes, detailOf, start, taskBecomes, taskIn } from "../control/support.js";
import { coordinationFields } from "../../model/leftovers.js";
import { expectNothingLeft, expectWholeLog } from "../../faults/checks.js";

/** How many calls there are at once, and the most there ever were; each lasts for as long as it is told to. */
const calls = { now: 0, most: 0, total: 0 };
let open: () => void = () => undefined;
let gate: Promise<void> = Promise.resolve();
const counted: Handler = {
  name: "counted", description: "Counts its calls.", builtIn: false,
  run: async ({ input, attempt, signal }) => {
    calls.total++;
    calls.most = Math.max(calls.most, ++calls.now);
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await Promise.race([gate, aborted]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    calls.now--;
    if ((input as { failures?: number } | null)?.failures !== undefined && attempt <= (input as { failures: number }).failures) throw new Error("not yet");
    return input;
  },
};

const keyPrefix = testPrefix();
let node: FanwireNode;
let second: FanwireNode;
beforeAll(async () => {
  const options = { handlers: [counted], config: { keyPrefix, leaseMs: 3_000, workerConcurrency: 50 } };
  node = await startTestNode(options);
  second = await startTestNode(options);
});
afterAll(() => Promise.all([node.stop(), second.stop()]));
beforeEach(() => { Object.assign(calls, { now: 0, most: 0, total: 0 }); });

function close(): void {
  gate = new Promise((resolve) => { open = resolve; });
}

const many = (count: number, parts: Parameters<typeof task>[1] = {}, prefix = "t"): ReturnType<typeof task>[] => Array.from({ length: count }, (_, i) => task(`${prefix}${i}`, { handler: "counted", ...parts }));

async function ends(groups: TaskGroupDefinition[], status = "COMPLETED", context = {}): Promise<string> {
  const id = await start(node, { definition: workflow(groups), context });
  expectWholeLog(await eventsOf(node, id));
  const done = await detailOf(node, id);
  expect(done.status).toBe(status);
  expect(done.counts).toMatchObject({ pending: 0, ready: 0, running: 0, waiting: 0 });
  expect(await coordinationFields(node.redis, new Keys(shardPrefix(keyPrefix, 0)), id)).toEqual([]);
  return id;
}

test("tasks that are ready at once run as many at a time as their group allows; the others say that they wait for a place", async () => {
  close();
  const id = await start(node, { definition: workflow([group("g", many(10), { maxParallel: 3 })]) });
  await waitFor(() => calls.now === 3);
  const { tasks } = await detailOf(node, id);
  expect(tasks.filter(({ status }) => status === "RUNNING")).toHaveLength(3);
  const waiting = tasks.filter(({ status }) => status === "READY");
  expect(waiting.map(({ waitingFor }) => waitingFor.map(({ kind }) => kind))).toEqual(Array.from({ length: 7 }, () => ["LIMIT"]));
  open();
  await becomes(node, id, "COMPLETED");
  expect(calls).toMatchObject({ most: 3, total: 10 });
});

test("tasks that become ready later, in chains and behind one another, keep to it", async () => {
  await ends([group("g", [task("seed"), ...many(12, { after: ["seed"] }), ...many(12).map((each) => ({ ...each, name: `${each.name}b`, after: [each.name] }))], { maxParallel: 4 })]);
  expect(calls).toMatchObject({ most: 4, total: 24 });
});

test("items count one each, together with the tasks beside them, whatever their own maxParallel", async () => {
  const each = (name: string, parts: object = {}): ReturnType<typeof task> => task(name, { handler: "counted", input: "{{ n }}", expansion: expansion({ array: { n: "xs" }, ...parts }) });
  const id = await ends([group("g", [each("a"), each("b", { maxParallel: 2 }), ...many(5)], { maxParallel: 5 })], "COMPLETED", { xs: Array.from({ length: 30 }, (_, i) => i) });
  expect(calls.most).toBeLessThanOrEqual(5);
  expect(calls.total).toBe(65);
  expect((await node.engine.context(id, ["a"])).a).toEqual(Array.from({ length: 30 }, (_, i) => i));
});

test("an expanded task whose group has no place says so, and runs when there is one", async () => {
  close();
  const id = await start(node, { definition: workflow([group("g", [...many(2), task("each", { handler: "counted", expansion: expansion({ array: { n: [1, 2, 3] } }) })], { maxParallel: 2 })]) });
  await waitFor(async () => taskIn(await detailOf(node, id), "g.each").itemCounts?.pending === 3, { what: "the expansion" });
  expect(taskIn(await detailOf(node, id), "g.each").waitingFor).toMatchObject([{ kind: "LIMIT" }]);
  open();
  await becomes(node, id, "COMPLETED");
  expect(calls).toMatchObject({ most: 2, total: 5 });
});

test("nested groups count for the groups around them too", async () => {
  await ends([group("outer", many(4), { maxParallel: 3, groups: [
    group("wide", many(6, {}, "w"), { maxParallel: 100 }),
    group("narrow", [...many(4, {}, "n"), task("each", { handler: "counted", expansion: expansion({ array: { n: [1, 2, 3, 4] } }) })], { maxParallel: 1 }),
  ] })]);
  expect(calls).toMatchObject({ most: 3, total: 18 });
  calls.most = 0;
  await ends([group("outer", [], { maxParallel: 3, groups: [group("narrow", many(5), { maxParallel: 1 })] })]);
  expect(calls.most).toBe(1);
});

test("failures, retries, waits, skips and conditions give their places back", async () => {
  const retried = retry({ maxAttempts: 3, initialDelayMs: 5, jitter: false });
  await ends([group("g", [
    ...many(4, { input: { failures: 1 }, retry: retried }),
    task("lost", { handler: "counted", input: { failures: 9 }, onFailure: "IGNORE" }),
    task("no", { when: "false" }), task("below", { input: "{{ no }}" }),
    task("later", { handler: "delay", input: { duration: "10ms" } }),
    task("some", { handler: "counted", input: { failures: "{{ n }}" }, expansion: expansion({ array: { n: [0, 1, 9, 0, 1] }, toleratedFailures: 1 }), retry: retried }),
    task("toomany", { handler: "counted", input: { failures: 9 }, expansion: expansion({ array: { n: [1, 2, 3, 4, 5, 6] } }), onFailure: "IGNORE" }),
    task("noitems", { expansion: expansion({ array: { n: [] } }) }),
    task("last", { after: ["lost", "some", "toomany"] }),
  ], { maxParallel: 2 })]);
  expect(calls.most).toBeLessThanOrEqual(2);
});

test("times that are over give their places back", async () => {
  await ends([group("g", [
    task("attempt", { handler: "delay", input: { duration: "1h" }, totalTimeoutMs: 50, onFailure: "IGNORE" }),
    task("unserved", { handler: "nobody", totalTimeoutMs: 50, onFailure: "IGNORE" }),
    task("held", { handler: "counted", totalTimeoutMs: 3_600_000 }),
    task("items", { handler: "nobody", totalTimeoutMs: 400, onFailure: "IGNORE", expansion: expansion({ array: { n: [1, 2, 3] } }) }),
    ...many(3),
  ], { maxParallel: 2 })]);
  expect(calls.total).toBe(4);
});

test("a task that is held can be timed out, cancelled and run again", async () => {
  close();
  const id = await start(node, { definition: workflow([group("g", [...many(1), task("held", { handler: "counted", totalTimeoutMs: 100 }), task("held2", { handler: "counted" })], { maxParallel: 1 })]) });
  expect(await taskBecomes(node, id, "g.held", "TIMED_OUT")).toMatchObject({ attempt: 0 });
  await node.engine.cancelWorkflow(CALLER, id);
  expect((await detailOf(node, id)).tasks.map(({ status }) => status)).toEqual(["CANCELLED", "TIMED_OUT", "CANCELLED"]);
  open();
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual([]);
  const done = await becomes(node, id, "COMPLETED");
  expect(done.tasks.map(({ status }) => status)).toEqual(["COMPLETED", "COMPLETED", "COMPLETED"]);
  expect(calls.most).toBeLessThanOrEqual(2);
});

test("a worker that is lost leaves its task in its place", async () => {
  const id = await start(node, { definition: workflow([group("g", ["a", "b"].map((name) => task(name, { handler: "afar" })), { maxParallel: 1 })]) });
  const claims = async (max = 5) => (await node.remoteWorkers.claimTasks(CALLER, { workerId: "w", handlers: ["afar"], max, waitMs: 10_000, leaseMs: 1_000 })).tasks;
  expect(await claims()).toMatchObject([{ task: "g.a", attempt: 1 }]);
  // Its lease runs out: it comes again, and alone.
  const again = await claims();
  expect(again).toMatchObject([{ task: "g.a", attempt: 1 }]);
  await node.remoteWorkers.completeTasks(CALLER, again.map(({ claim }) => ({ claim, result: 1 })));
  const last = await claims();
  expect(last).toMatchObject([{ task: "g.b", attempt: 1 }]);
  await node.remoteWorkers.completeTasks(CALLER, last.map(({ claim }) => ({ claim, result: 2 })));
  await becomes(node, id, "COMPLETED");
});

test("a pause lets nobody in beyond the limit, and afterwards all come to their turn", async () => {
  close();
  const id = await start(node, { definition: workflow([group("g", [...many(5), task("each", { handler: "counted", expansion: expansion({ array: { n: [1, 2, 3, 4, 5] } }) })], { maxParallel: 2 })]) });
  await waitFor(() => calls.now === 2);
  await node.engine.pauseWorkflow(CALLER, id);
  open();
  await waitFor(async () => (await detailOf(node, id)).counts.completed === 2, { what: "what ran to end" });
  await node.engine.resumeWorkflow(CALLER, id);
  await becomes(node, id, "COMPLETED");
  expect(calls).toMatchObject({ most: 2, total: 10 });
});

test("nothing is left of all that", async () => {
  // Lanes are hints: what nobody serves stays in one until somebody asks, and finds nothing to do.
  expect((await node.remoteWorkers.claimTasks(CALLER, { workerId: "w", handlers: ["nobody"], max: 100, waitMs: 0, leaseMs: 30_000 })).tasks).toEqual([]);
  await expectNothingLeft(node, keyPrefix);
});

test("workflows beside one another have their places for themselves", async () => {
  close();
  const ids = await Promise.all([1, 2, 3].map(() => start(node, { definition: workflow([group("g", many(4), { maxParallel: 2 })]) })));
  await waitFor(() => calls.now === 6);
  open();
  for (const id of ids) await finished(node, id);
  expect(calls.most).toBe(6);
});
