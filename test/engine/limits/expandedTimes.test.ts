/** Time limits hold inside expanded groups, for each instance by itself, and for an expanded group over all its instances. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Handler, HandlerContext } from "../../../src/engine/handlers.js";
import type { FanwireNode } from "../../../src/main.js";
import { Keys, shardPrefix } from "../../../src/store/keys.js";
import type { ExpansionDefinition, TaskDefinition, TaskGroupDefinition } from "../../../src/workflow/definition.js";
import type { JsonValue } from "../../../src/workflow/json.js";
import { expansion, group, retry, task, workflow } from "../../support/builders.js";
import { CALLER, eventsOf, startTestNode, testPrefix } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { coordinationFields, coordinationLeft } from "../../model/leftovers.js";
import { expectWholeLog } from "../../faults/checks.js";
import { becomes, detailOf, start } from "../control/support.js";
import { allTasks, instanceStates, runToEnd, taskStatuses, type GroupRun } from "../groups/groupRun.js";

/** Shows that it is at work, every 20 ms, for so long; then is silent for ever when it is told to. */
const busy: Handler = {
  name: "busy", description: "Shows that it is at work.", builtIn: false,
  run: async ({ input, signal, ...context }: HandlerContext) => {
    const { ms, then } = input as { ms: number; then?: string };
    const until = Date.now() + ms;
    while (Date.now() < until) {
      context.heartbeat();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (then === "silence") await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return "done";
  },
};

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [busy], config: { keyPrefix, leaseMs: 3_000 } }); });
afterAll(() => node.stop());

const over = (list: JsonValue, parts: Partial<ExpansionDefinition> = {}): Partial<TaskGroupDefinition> => ({ expansion: expansion({ array: { n: list }, ...parts }) as ExpansionDefinition });
/** Takes as long as its item says. */
const takes = (name: string, parts: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { handler: "delay", input: { duration: "{{ n }}" }, ...parts });
const groupEnds = async (id: string): Promise<string[]> =>
  (await eventsOf(node, id)).flatMap((event) => (event.kind === "group" && event.type !== "GROUP_STARTED" ? [`${event.type} ${event.group}`] : []));

/** Runs it to its end and looks for what it left behind. */
async function run(groups: TaskGroupDefinition[]): Promise<GroupRun> {
  const ran = await runToEnd(node, workflow(groups));
  await expectClean(ran.detail.id);
  return ran;
}

async function expectClean(id: string): Promise<void> {
  expectWholeLog(await eventsOf(node, id));
  const { counts } = await detailOf(node, id);
  expect(counts).toMatchObject({ pending: 0, ready: 0, running: 0, waiting: 0 });
  expect(await coordinationFields(node.redis, new Keys(shardPrefix(keyPrefix, 0)), id)).toEqual([]);
}

test("a task inside that is out of its total time fails its own instance, whatever its retries would allow", async () => {
  const { detail, context, tasks } = await run([group("each", [takes("slow", { totalTimeoutMs: 150, retry: retry({ maxAttempts: 100 }) }), task("below", { input: "{{ slow }}" })],
    over(["1ms", "1h"], { toleratedFailures: 1, onItemFailure: "ERROR" }))]);
  expect(detail.status).toBe("COMPLETED");
  expect(tasks).toEqual({ "each[0].slow": "COMPLETED", "each[0].below": "COMPLETED", "each[1].slow": "TIMED_OUT TIMEOUT", "each[1].below": "SKIPPED UPSTREAM" });
  expect(context.slow).toEqual([null, { $error: { code: "TIMEOUT", message: "each[1].slow took longer in all than 150ms" } }]);
  expect(detail.counts).toMatchObject({ total: 4, completed: 2, timedOut: 1, skipped: 1 });
});

test("IGNORE and FALLBACK apply to a task inside that is out of time, and so does the total time of expanded ones", async () => {
  const { detail, context, tasks } = await run([group("each", [
    takes("a", { totalTimeoutMs: 100, onFailure: "IGNORE" }), takes("b", { totalTimeoutMs: 100, onFailure: "FALLBACK", fallback: "late {{ n }}" }),
    takes("c", { totalTimeoutMs: 100, onFailure: "IGNORE", expansion: expansion({ array: { m: [1, 2] } }) }),
  ], over(["1h"]))]);
  expect(detail.status).toBe("COMPLETED");
  expect(tasks).toEqual({ "each[0].a": "TIMED_OUT TIMEOUT", "each[0].b": "COMPLETED TIMEOUT", "each[0].c": "TIMED_OUT TIMEOUT" });
  expect(context).toMatchObject({ a: [null], b: ["late 1h"] });
});

test("a handler inside that shows that it is at work outlasts its heartbeat timeout, one that falls silent does not", async () => {
  const { tasks, detail } = await run([group("each", [task("t", { handler: "busy", input: { ms: "{{ n }}", then: "{{ n > 100 ? 'end' : 'silence' }}" }, heartbeatTimeoutMs: 250 })],
    over([600, 40], { toleratedFailures: 1 }))]);
  expect(tasks).toEqual({ "each[0].t": "COMPLETED", "each[1].t": "TIMED_OUT TIMEOUT" });
  expect((await allTasks(node, detail))[1]?.error?.message).toBe("An attempt of each[1].t sent no heartbeat for 250 ms");
});

test("the timeout of a group inside counts for each instance by itself, from its own start", async () => {
  const { detail, tasks } = await run([group("each", [task("first", { handler: "delay", input: { duration: "400ms" } })], {
    ...over(["1ms", "1h"], { toleratedFailures: 1, maxParallel: 1 }),
    groups: [group("inner", [takes("slow", { after: ["each.first"] }), task("below", { input: "{{ slow }}" })], { timeoutMs: 300, groups: [
      group("deep", [task("leaf", { handler: "delay", input: { duration: "{{ m }}" }, after: ["each.first"] })], { expansion: expansion({ array: { m: "[n, '1ms']" } }) }),
    ] })],
  })]);
  expect(detail.status).toBe("COMPLETED");
  const inner = (end: string, at: number): object => ({ [`each[${at}].first`]: "COMPLETED", [`each[${at}].inner.slow`]: end, [`each[${at}].inner.below`]: end, [`each[${at}].inner.deep[0].leaf`]: end, [`each[${at}].inner.deep[1].leaf`]: "COMPLETED" });
  expect(tasks).toEqual({ ...inner("COMPLETED", 0), ...inner("TIMED_OUT TIMEOUT", 1) });
  expect((await allTasks(node, detail)).find(({ address }) => address === "each[1].inner.slow")?.error).toMatchObject({ message: "The group each[1].inner took longer than 300ms", task: "each[1].inner.slow" });
  expect(await groupEnds(detail.id)).toEqual([
    "GROUP_COMPLETED each[0].inner.deep[0]", "GROUP_COMPLETED each[0].inner.deep[1]", "GROUP_COMPLETED each[0].inner.deep", "GROUP_COMPLETED each[0].inner", "GROUP_COMPLETED each[0]",
    "GROUP_COMPLETED each[1].inner.deep[1]", "GROUP_FAILED each[1].inner.deep[0]", "GROUP_FAILED each[1].inner.deep", "GROUP_FAILED each[1].inner", "GROUP_FAILED each[1]", "GROUP_COMPLETED each",
  ]);
});

test("an expanded group out of time times out all that is open in all its instances, those that have not begun too, and fails what is around it", async () => {
  const id = await start(node, { definition: workflow([
    group("each", [takes("t"), task("below", { input: "{{ t }}" })], {
      ...over(["1ms", "1h", "1h", "1h", "1h"], { maxParallel: 2, toleratedFailures: 5 }), timeoutMs: 400,
      groups: [group("plain", [task("asks", { handler: "signal", onFailure: "IGNORE" })]), group("deep", [takes("leaf")], over(["1h", "1h", "1h"], { maxParallel: 2 }))],
    }),
    group("other", [task("reads", { input: "{{ below }}" }), task("beside")]),
  ]) });
  const detail = await becomes(node, id, "FAILED");
  await expectClean(id);
  const page = await node.engine.tasks(detail, {}, { first: 100 });
  const tasks = Object.fromEntries(page.edges.map(({ node: { address, status, error } }) => [address, error ? `${status} ${error.code}` : status]));
  expect(detail).toMatchObject({ status: "FAILED", error: { code: "TIMEOUT", task: "each", message: "The group each took longer than 400ms" } });
  expect(detail.groups.map(({ name, status }) => `${name} ${status}`)).toEqual(["each TIMED_OUT", "other COMPLETED"]);
  expect(tasks).toMatchObject({ "each[0].t": "COMPLETED", "each[0].below": "COMPLETED", "each[0].plain.asks": "TIMED_OUT TIMEOUT", "each[1].below": "TIMED_OUT TIMEOUT", "other.reads": "SKIPPED UPSTREAM", "other.beside": "COMPLETED" });
  // Of five instances two began: the leaves of their inner groups, three each, are counted; of the others one each.
  expect(detail.counts).toMatchObject({ completed: 3, skipped: 1, cancelled: 0, timedOut: 2 * (3 + 3) + 3 * 4 - 2, total: 2 * (3 + 3) + 3 * 4 + 2 });
  expect(new Set((await instanceStates(node, detail, "each")).map(({ status }) => status))).toEqual(new Set(["TIMED_OUT"]));
  expect(await groupEnds(detail.id)).toEqual([
    "GROUP_FAILED each[0].deep[0]", "GROUP_FAILED each[0].deep[1]", "GROUP_FAILED each[0].deep", "GROUP_FAILED each[0].plain", "GROUP_FAILED each[0]",
    "GROUP_FAILED each[1].deep[0]", "GROUP_FAILED each[1].deep[1]", "GROUP_FAILED each[1].deep", "GROUP_FAILED each[1].plain", "GROUP_FAILED each[1]",
    "GROUP_FAILED each", "GROUP_COMPLETED other",
  ]);
});

test("an expanded group that is out of time before it knows its items is over as well", async () => {
  const id = await start(node, { definition: workflow([group("first", [task("seed", { handler: "afar" })]), group("each", [task("t")], { ...over("{{ seed }}"), expansion: expansion({ array: { n: "seed" } }), timeoutMs: 200 })]) });
  const [claimed] = (await node.remoteWorkers.claimTasks(CALLER, { workerId: "w", handlers: ["afar"], max: 1, waitMs: 5_000, leaseMs: 30_000 })).tasks;
  await node.engine.pauseWorkflow(CALLER, id);
  await node.remoteWorkers.completeTasks(CALLER, [{ claim: claimed?.claim as string, result: [1, 2] }]);
  const done = await becomes(node, id, "FAILED");
  expect(done.groups.map(({ status }) => status)).toEqual(["COMPLETED", "TIMED_OUT"]);
  expect(done.counts).toMatchObject({ total: 2, completed: 1, timedOut: 1 });
  await expectClean(id);
});

test("a nested expanded group out of time fails the instance that it stands in, no other", async () => {
  const { detail, context, tasks } = await run([group("outer", [], {
    expansion: expansion({ array: { xs: [["1ms"], ["1ms", "1h"]] }, toleratedFailures: 1, onItemFailure: "NULL" }), resultKeys: ["t"],
    groups: [group("deep", [takes("t")], { expansion: expansion({ array: { n: "xs" } }), timeoutMs: 300 })],
  })]);
  expect(detail.status).toBe("COMPLETED");
  expect(context.t).toEqual([[null], null]);
  expect(tasks).toEqual({ "outer[0].deep[0].t": "COMPLETED", "outer[1].deep[0].t": "COMPLETED", "outer[1].deep[1].t": "TIMED_OUT TIMEOUT" });
});

test("an instance that is cancelled leaves no time running, nor does a workflow that is", async () => {
  const timed = { totalTimeoutMs: 3_600_000, heartbeatTimeoutMs: 3_600_000 };
  const parts = { timeoutMs: 3_600_000, groups: [group("inner", [takes("i", timed)], { timeoutMs: 3_600_000, groups: [group("deep", [takes("leaf", timed)], { ...over(["1h", "1h"]), timeoutMs: 3_600_000 })] })] };
  const { detail } = await run([group("each", [
    takes("t", timed), task("bad", { handler: "fail", input: { code: "BAD", untilAttempt: "{{ n = '1ms' ? 9 : 1 }}", result: 1 } }),
  ], { ...over(["1h", "1ms", "1h"]), ...parts, onFailure: "FAIL_FAST" })]);
  expect(detail.error).toMatchObject({ code: "TOLERANCE_EXCEEDED" });
  const id = await start(node, { definition: workflow([group("each", [takes("t", timed)], { ...over(["1h", "1h"]), ...parts })]) });
  await waitFor(async () => (await detailOf(node, id)).counts.waiting === 8, { what: "all of them to wait" });
  await node.engine.cancelWorkflow(CALLER, id);
  await expectClean(id);
  expect(Object.values(await taskStatuses(node, await detailOf(node, id)))).toEqual(Array.from({ length: 8 }, () => "CANCELLED"));
});

test("nothing is left of all that", async () => {
  await waitFor(async () => (await coordinationLeft(node.redis, new Keys(shardPrefix(keyPrefix, 0)))).length === 0, { what: "the last lease, timer and lane to go" });
});
