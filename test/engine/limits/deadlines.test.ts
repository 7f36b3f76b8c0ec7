/** Time limits of tasks, groups and workflows hold whatever the workers do, and leave no timer behind. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Handler, HandlerContext } from "../../../src/engine/handlers.js";
import type { FanwireNode } from "../../../src/main.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, codes, detailOf, logOf, start, taskBecomes, taskIn } from "../control/support.js";
import { expectNothingLeft, expectWholeLog } from "../../faults/checks.js";

/** Never answers before the tests are over, whatever its signal says; keeps the signals of its calls. */
let over: () => void = () => undefined;
const testsOver = new Promise<void>((resolve) => { over = resolve; });
const signals = new Map<string, AbortSignal>();
const stuck: Handler = {
  name: "stuck", description: "Never answers.", builtIn: false,
  run: ({ signal, task: address }) => {
    signals.set(address, signal);
    return testsOver.then(() => null);
  },
};
/** Sends what it is told to, every 20 ms, for so long. */
const busy: Handler = {
  name: "busy", description: "Shows that it is at work.", builtIn: false,
  run: async ({ input, ...context }: HandlerContext) => {
    const { ms, by } = input as { ms: number; by: "heartbeat" | "progress" };
    const until = Date.now() + ms;
    while (Date.now() < until) {
      context[by]();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return "done";
  },
};

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [stuck, busy], config: { keyPrefix, leaseMs: 3_000 } }); });
afterAll(() => {
  over();
  return node.stop();
});

const far = { handler: "far-away" };
const claim = (workerId: string, leaseMs = 30_000): ReturnType<FanwireNode["remoteWorkers"]["claimTasks"]> =>
  node.remoteWorkers.claimTasks(CALLER, { workerId, handlers: ["far-away"], max: 5, waitMs: 5_000, leaseMs });

test("a task out of its total time is TIMED_OUT, whatever its retries would allow, and its handler's signal fires", async () => {
  const id = await start(node, { definition: oneGroup(
    task("slow", { handler: "stuck", totalTimeoutMs: 100, retry: retry({ maxAttempts: 100 }) }), task("below", { input: "{{ slow }}" }), task("beside"),
  ) });
  const done = await finished(node, id);
  expect(done.status).toBe("FAILED");
  expect(done.error).toMatchObject({ code: "TIMEOUT", task: "g.slow", retryable: false });
  expect(done.tasks.map(({ status }) => status)).toEqual(["TIMED_OUT", "SKIPPED", "COMPLETED"]);
  expect(done.counts).toMatchObject({ total: 3, timedOut: 1, skipped: 1, completed: 1, running: 0 });
  await waitFor(() => signals.get("g.slow")?.aborted, { what: "the handler's signal" });
  expectWholeLog(await eventsOf(node, id));
});

test("the total time covers attempts, their delays and waits that no worker holds", async () => {
  const done = await finished(node, await start(node, { definition: oneGroup(
    task("again", { handler: "fail", input: { code: "NO" }, totalTimeoutMs: 150, retry: retry({ maxAttempts: 1000, initialDelayMs: 20, factor: 1, jitter: false }) }),
    task("asks", { handler: "signal", totalTimeoutMs: 100 }),
    task("unserved", { ...far, totalTimeoutMs: 100 }),
  ) }));
  expect(done.tasks.map(({ status, error }) => `${status} ${error?.code}`)).toEqual(["TIMED_OUT TIMEOUT", "TIMED_OUT TIMEOUT", "TIMED_OUT TIMEOUT"]);
  expect(done.tasks[0]?.attempt).toBeGreaterThan(1);
  expect(done.tasks[2]?.attempt).toBe(0);
});

test("an expanded task out of its total time keeps what completed; its other items are cancelled", async () => {
  const id = await start(node, { definition: oneGroup(
    task("each", { handler: "transform", input: { expression: "$", data: "{{ n }}" }, totalTimeoutMs: 60_000, expansion: expansion({ array: { n: [1, 2] } }) }),
    task("some", { handler: "stuck", input: "{{ n }}", totalTimeoutMs: 200, expansion: expansion({ array: { n: [1, 2, 3, 4, 5] }, maxParallel: 2 }) }),
  ) });
  const done = await finished(node, id);
  expect(taskIn(done, "g.each").status).toBe("COMPLETED");
  const some = taskIn(done, "g.some");
  expect(some).toMatchObject({ status: "TIMED_OUT", itemCounts: { total: 5, cancelled: 5, running: 0, ready: 0, pending: 0 } });
  expect(done.counts).toMatchObject({ total: 7, completed: 2, cancelled: 5, running: 0, ready: 0, pending: 0 });
  await waitFor(() => [...signals].filter(([address]) => address.startsWith("g.some")).every(([, signal]) => signal.aborted), { what: "the items' signals" });
});

test("IGNORE and FALLBACK apply to a task that is out of time", async () => {
  const done = await finished(node, await start(node, { definition: oneGroup(
    task("ignored", { ...far, totalTimeoutMs: 50, onFailure: "IGNORE" }),
    task("saved", { ...far, totalTimeoutMs: 50, onFailure: "FALLBACK", fallback: "{{ $error.code }}" }),
    task("after", { after: ["ignored"] }),
  ) }));
  expect(done.status).toBe("COMPLETED");
  expect(done.tasks.map(({ status }) => status)).toEqual(["TIMED_OUT", "COMPLETED", "COMPLETED"]);
  expect(await node.engine.context(done.id)).toMatchObject({ saved: "TIMEOUT" });
});

test("a handler that shows that it is at work outlasts its heartbeat timeout; one that is silent does not, and is retried", async () => {
  const done = await finished(node, await start(node, { definition: oneGroup(
    task("beats", { handler: "busy", input: { ms: 900, by: "heartbeat" }, heartbeatTimeoutMs: 300 }),
    task("progresses", { handler: "busy", input: { ms: 900, by: "progress" }, heartbeatTimeoutMs: 300 }),
    task("items", { handler: "busy", input: { ms: "{{ ms }}", by: "heartbeat" }, heartbeatTimeoutMs: 300, expansion: expansion({ array: { ms: [100, 900] } }) }),
    task("silent", { handler: "stuck", heartbeatTimeoutMs: 100, retry: retry({ maxAttempts: 2, initialDelayMs: 10, jitter: false }) }),
  ) }));
  expect(done.tasks.map(({ status }) => status)).toEqual(["COMPLETED", "COMPLETED", "COMPLETED", "TIMED_OUT"]);
  const silent = taskIn(done, "g.silent");
  expect(node.engine.attempts(silent).map(({ error }) => error?.code)).toEqual(["TIMEOUT", "TIMEOUT"]);
  expect(silent.error?.message).toContain("heartbeat");
  expect(signals.get("g.silent")?.aborted).toBe(true);
});

test("the heartbeats of a worker elsewhere count, and its claim is lost without them", async () => {
  const id = await start(node, { definition: oneGroup(task("t", { ...far, heartbeatTimeoutMs: 700 })) });
  const { tasks } = await claim("w-far");
  const held = tasks[0]?.claim as string;
  const beganMs = Date.now();
  const lost: string[] = [];
  await waitFor(async () => {
    lost.push(...(await node.remoteWorkers.heartbeatTasks(CALLER, { workerId: "w-far", claims: [held] })).lost);
    return Date.now() - beganMs >= 1_500;
  }, { what: "heartbeats for more than twice the timeout", intervalMs: 50 });
  expect(lost).toEqual([]);
  expect(taskIn(await detailOf(node, id), "g.t").status).toBe("RUNNING");
  const done = await finished(node, id);
  expect(taskIn(done, "g.t")).toMatchObject({ status: "TIMED_OUT", error: { code: "TIMEOUT" } });
  expect((await node.remoteWorkers.heartbeatTasks(CALLER, { workerId: "w-far", claims: [held] })).lost).toEqual([held]);
});

test("what a worker sends for a task that is out of time is stale, and changes nothing", async () => {
  const id = await start(node, { definition: oneGroup(
    task("one", { ...far, totalTimeoutMs: 400 }), task("many", { ...far, totalTimeoutMs: 400, expansion: expansion({ array: { n: [1] } }) }), task("keeps", { handler: "signal" }),
  ) });
  const held: string[] = [];
  while (held.length < 2) held.push(...(await claim("w-late", 1_000)).tasks.map((given) => given.claim));
  await taskBecomes(node, id, "g.one", "TIMED_OUT");
  await taskBecomes(node, id, "g.many", "TIMED_OUT");
  expect((await node.remoteWorkers.heartbeatTasks(CALLER, { workerId: "w-late", claims: held })).lost.sort()).toEqual([...held].sort());
  const { accepted, stale } = await node.remoteWorkers.completeTasks(CALLER, held.map((each) => ({ claim: each, result: 1 })));
  expect([accepted, stale.sort()]).toEqual([[], [...held].sort()]);
  expect((await detailOf(node, id)).counts).toMatchObject({ total: 3, timedOut: 1, cancelled: 1, waiting: 1 });
  await node.engine.cancelWorkflow(CALLER, id);
});

test("a group out of time times out its open tasks, nested and pending ones too, and what depends on them is skipped", async () => {
  const id = await start(node, { definition: workflow([
    group("g", [task("quick"), task("slow", { handler: "stuck" }), task("next", { after: ["slow"] })], {
      timeoutMs: 150, groups: [group("inner", [task("items", { handler: "stuck", expansion: expansion({ array: { n: [1, 2, 3] } }) }), task("asks", { handler: "signal" })])],
    }),
    group("h", [task("reads", { input: "{{ next }}" }), task("tolerant", { input: "{{ slow ?? 'nothing' }}" }), task("beside", { handler: "delay", input: { duration: "600ms" } })]),
  ]) });
  const done = await finished(node, id);
  expect(done.status).toBe("FAILED");
  expect(done.tasks.map(({ address, status }) => `${address} ${status}`)).toEqual([
    "g.quick COMPLETED", "g.slow TIMED_OUT", "g.next TIMED_OUT", "g.inner.items TIMED_OUT", "g.inner.asks TIMED_OUT", "h.reads SKIPPED", "h.tolerant COMPLETED", "h.beside COMPLETED",
  ]);
  expect(done.error).toMatchObject({ code: "TIMEOUT", task: "g.slow" });
  const log = await logOf(node, id);
  expectWholeLog(log);
  expect(log.flatMap((event) => (event.kind === "group" && event.type === "GROUP_FAILED" ? [event.group] : []))).toEqual(["g.inner", "g"]);
  await waitFor(() => signals.get("g.slow")?.aborted, { what: "the handler's signal" });
});

test("a workflow out of time is TIMED_OUT: what is open is cancelled, what completed stays, also while it is paused", async () => {
  const id = await start(node, { definition: workflow([group("g", [task("quick", { handler: "transform", input: { expression: "1", data: null } }), task("slow", { handler: "stuck" }), task("next", { after: ["slow"] })])], { timeoutMs: 300 }) });
  await taskBecomes(node, id, "g.quick", "COMPLETED");
  expect(codes(await node.engine.pauseWorkflow(CALLER, id))).toEqual([]);
  const done = await becomes(node, id, "TIMED_OUT");
  expect(done).toMatchObject({ partial: true, error: { code: "TIMEOUT" } });
  expect(done.tasks.map(({ status }) => status)).toEqual(["COMPLETED", "CANCELLED", "CANCELLED"]);
  expect(await node.engine.context(id)).toEqual({ quick: 1 });
  expect((await logOf(node, id)).at(-1)).toMatchObject({ type: "WORKFLOW_TIMED_OUT", status: "TIMED_OUT", error: { code: "TIMEOUT" } });
  expect((await node.engine.workflows(CALLER, { status: ["TIMED_OUT"] }, {})).edges.map((edge) => edge.node.id)).toContain(id);
  await waitFor(() => signals.get("g.slow")?.aborted, { what: "the handler's signal" });
});

test("retryWorkflow gives the workflow, its groups and its tasks their whole time again", async () => {
  const id = await start(node, { definition: workflow([group("g", [task("t", { ...far, totalTimeoutMs: 60_000 })], { timeoutMs: 60_000 })], { timeoutMs: 300 }) });
  await becomes(node, id, "TIMED_OUT");
  const againMs = Date.now();
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual([]);
  expect((await detailOf(node, id)).status).toBe("RUNNING");
  await becomes(node, id, "TIMED_OUT");
  expect(Date.now() - againMs).toBeGreaterThanOrEqual(295);
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual([]);
  const { tasks } = await claim("w-again");
  await node.remoteWorkers.completeTasks(CALLER, tasks.map(({ claim: given }) => ({ claim: given, result: 7 })));
  await becomes(node, id, "COMPLETED");
});

test("what ends in time leaves no timer behind, nor does what is cancelled", async () => {
  const limited = (handler: Partial<Parameters<typeof task>[1]>): ReturnType<typeof workflow> => workflow(
    [group("g", [task("a", { ...handler, timeoutMs: 3_600_000, totalTimeoutMs: 3_600_000, heartbeatTimeoutMs: 3_600_000 }), task("b", { handler: "delay", input: { duration: "1ms" }, totalTimeoutMs: 3_600_000 }),
      task("items", { ...handler, timeoutMs: 3_600_000, heartbeatTimeoutMs: 3_600_000, expansion: expansion({ array: { n: [1, 2] } }) })], { timeoutMs: 3_600_000 })], { timeoutMs: 3_600_000 });
  expect((await finished(node, await start(node, { definition: limited({}) }))).status).toBe("COMPLETED");
  const id = await start(node, { definition: limited({ handler: "stuck" }) });
  const waits = await start(node, { definition: oneGroup(task("w", { handler: "delay", input: { duration: "1h" } })) });
  await taskBecomes(node, id, "g.b", "COMPLETED");
  await taskBecomes(node, waits, "g.w", "WAITING");
  await waitFor(async () => taskIn(await detailOf(node, id), "g.items").itemCounts?.running === 2, { what: "its items to run" });
  for (const each of [id, waits]) expect(codes(await node.engine.cancelWorkflow(CALLER, each))).toEqual([]);
  await expectNothingLeft(node, keyPrefix);
  const left = (await node.redis.hkeys(`${keyPrefix}:{s0}:w:${id}`)).filter((field) => /^(u|m)[tgw]?[\d@.]*$/.test(field));
  expect(left).toEqual([]);
});
