/** maxParallel of groups holds inside expanded groups for each instance by itself, and of an expanded group over all its instances. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Handler } from "../../../src/engine/handlers.js";
import type { FanwireNode } from "../../../src/main.js";
import { Keys, shardPrefix } from "../../../src/store/keys.js";
import type { ExpansionDefinition, TaskDefinition, TaskGroupDefinition } from "../../../src/workflow/definition.js";
import { expansion, group, retry, task, workflow } from "../../support/builders.js";
import { CALLER, eventsOf, startTestNode, testPrefix } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { coordinationFields, coordinationLeft } from "../../model/leftovers.js";
import { expectWholeLog } from "../../faults/checks.js";
import { becomes, detailOf, start } from "../control/support.js";
import { instanceStates } from "../groups/groupRun.js";

/** Per name that a call is given, and over all: how many there are at once, and the most there ever were. */
const calls = new Map<string, { now: number; most: number; total: number }>();
let open: () => void = () => undefined;
let gate: Promise<void> = Promise.resolve();
const at = (name: string): { now: number; most: number; total: number } => {
  const count = calls.get(name) ?? { now: 0, most: 0, total: 0 };
  calls.set(name, count);
  return count;
};
const counted: Handler = {
  name: "counted", description: "Counts its calls.", builtIn: false,
  run: async ({ input, attempt, signal }) => {
    const { as = "", failures = 0 } = input as { as?: string; failures?: number };
    const counts = [at(as), at("all")];
    for (const count of counts) {
      count.total++;
      count.most = Math.max(count.most, ++count.now);
    }
    await Promise.race([gate, new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()))]);
    await new Promise((resolve) => setTimeout(resolve, 4));
    for (const count of counts) count.now--;
    if (attempt <= failures) throw new Error("not yet");
    return 1;
  },
};

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [counted], config: { keyPrefix, leaseMs: 3_000, workerConcurrency: 50 } }); });
afterAll(() => node.stop());
beforeEach(() => calls.clear());

const over = (count: number, parts: Partial<ExpansionDefinition> = {}): Partial<TaskGroupDefinition> =>
  ({ expansion: expansion({ array: { n: Array.from({ length: count }, (_, i) => i) }, ...parts }) as ExpansionDefinition });
/** Counts its calls under its name and what it is told. */
const counts = (name: string, as: string = name, parts: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { handler: "counted", input: { as }, ...parts });
const most = (): Record<string, number> => Object.fromEntries([...calls].map(([name, count]) => [name, count.most]));

async function expectClean(id: string): Promise<void> {
  expectWholeLog(await eventsOf(node, id));
  expect((await detailOf(node, id)).counts).toMatchObject({ pending: 0, ready: 0, running: 0, waiting: 0 });
  expect(await coordinationFields(node.redis, new Keys(shardPrefix(keyPrefix, 0)), id)).toEqual([]);
}
async function ends(groups: TaskGroupDefinition[], status: "COMPLETED" | "FAILED" = "COMPLETED"): Promise<string> {
  const id = await start(node, { definition: workflow(groups) });
  await becomes(node, id, status);
  await expectClean(id);
  return id;
}
function close(): void {
  gate = new Promise((resolve) => { open = resolve; });
}

test("maxParallel of an expanded group bounds the tasks of all its instances together, items and nested groups among them", async () => {
  await ends([group("each", [counts("a"), counts("b"), counts("items", "items", { expansion: expansion({ array: { m: [1, 2, 3] } }) })], {
    ...over(8), maxParallel: 3, groups: [group("plain", [counts("c", "c", { after: ["each.a"] })]), group("deep", [counts("leaf")], { expansion: expansion({ array: { k: [1, 2] } }) })],
  })]);
  expect(calls.get("all")).toMatchObject({ most: 3, total: 8 * (3 + 3 + 2) });
});

test("maxParallel of a group inside counts for each instance by itself", async () => {
  close();
  const id = await start(node, { definition: workflow([group("each", [], { ...over(3), groups: [group("plain", ["a", "b", "c", "d"].map((name) => counts(name, "{{ 'i' & n }}")), { maxParallel: 2 })] })]) });
  await waitFor(() => calls.get("all")?.now === 6, { what: "two of each instance" });
  const instances = await instanceStates(node, await detailOf(node, id), "each");
  const waiting = instances.flatMap(({ groups }) => groups.flatMap(({ tasks }) => tasks)).filter(({ status }) => status === "READY");
  expect(waiting.map(({ waitingFor }) => waitingFor.map(({ kind }) => kind))).toEqual(Array.from({ length: 6 }, () => ["LIMIT"]));
  open();
  await becomes(node, id, "COMPLETED");
  await expectClean(id);
  expect(most()).toMatchObject({ i0: 2, i1: 2, i2: 2 });
});

test("the limits of all groups around a task hold at once, through expanded groups in expanded groups", async () => {
  await ends([group("wide", [], { maxParallel: 5, groups: [group("outer", [counts("t", "{{ 'o' & n }}")], {
    ...over(4), maxParallel: 4, groups: [group("plain", [counts("p", "{{ 'o' & n }}")], {
      maxParallel: 2, groups: [group("deep", ["x", "y"].map((name) => counts(name, "{{ 'o' & n }}")), { expansion: expansion({ array: { k: [1, 2, 3] } }), maxParallel: 1 })],
    })],
  })] })]);
  expect(calls.get("all")).toMatchObject({ most: 4, total: 4 * (1 + 1 + 6) });
  // Besides the places of the plain group there is one for the task beside it.
  for (const n of [0, 1, 2, 3]) expect(calls.get(`o${n}`)?.most).toBeLessThanOrEqual(3);
});

test("maxParallel of the expansion bounds the instances, that of the group their tasks", async () => {
  await ends([group("each", ["a", "b", "c"].map((name) => counts(name, "{{ 'i' & n }}")), { ...over(6, { maxParallel: 2 }), maxParallel: 5 })]);
  expect(calls.get("all")).toMatchObject({ total: 18 });
  expect(calls.get("all")?.most).toBeLessThanOrEqual(5);
});

test("failures, retries, skips, cancelled instances and times that are over give their places back", async () => {
  const retried = retry({ maxAttempts: 2, initialDelayMs: 5, jitter: false });
  const id = await ends([group("around", [counts("last", "last", { after: ["each.bad"] })], { maxParallel: 2, groups: [group("each", [
    task("bad", { handler: "counted", input: { failures: "{{ n = 5 ? 9 : 1 }}" }, retry: retried }),
    task("no", { when: "false" }), task("below", { input: "{{ no }}" }),
    task("slow", { handler: "delay", input: { duration: "1h" }, totalTimeoutMs: 30, onFailure: "IGNORE" }),
    task("unserved", { handler: "nobody", totalTimeoutMs: 30, onFailure: "IGNORE", expansion: expansion({ array: { m: [1, 2] } }) }),
  ], over(9))] }), group("beside", [counts("free", "free", { after: ["around.last"] })])], "FAILED");
  expect((await detailOf(node, id)).error?.code).toBe("TOLERANCE_EXCEEDED");
  expect(calls.get("all")?.most).toBeLessThanOrEqual(2);
});

test("instances that are cancelled make room for what is held beside them, and what of them was held never runs", async () => {
  close();
  const id = await start(node, { definition: workflow([
    group("around", ["x", "y", "z"].map((name) => counts(name, "beside", { after: ["gate.g"] })), { maxParallel: 3, groups: [group("each", [counts("t", "t", { totalTimeoutMs: 400 })], over(9))] }),
    group("gate", [task("g", { handler: "delay", input: { duration: "50ms" } })]),
  ]) });
  await waitFor(() => calls.get("t")?.now === 3, { what: "three to run" });
  await waitFor(() => calls.get("beside")?.now === 3, { what: "those beside them to run" });
  expect(calls.get("t")).toMatchObject({ total: 3 });
  open();
  await becomes(node, id, "FAILED");
  await expectClean(id);
  expect((await detailOf(node, id)).counts).toMatchObject({ cancelled: 8, timedOut: 1, completed: 4 });
});

test("what is held inside outlives a pause and goes with the workflow when it is cancelled", async () => {
  close();
  const definition = workflow([group("each", [], { ...over(4), maxParallel: 3, groups: [group("plain", [counts("a"), counts("b")], { maxParallel: 1 })] })]);
  const ids = await Promise.all([start(node, { definition }), start(node, { definition })]);
  const [kept, cancelled] = ids as [string, string];
  await waitFor(() => calls.get("all")?.now === 6, { what: "three of both" });
  await node.engine.pauseWorkflow(CALLER, kept);
  await node.engine.cancelWorkflow(CALLER, cancelled);
  await expectClean(cancelled);
  open();
  await waitFor(async () => (await detailOf(node, kept)).counts.completed === 3, { what: "what ran to end" });
  await node.engine.resumeWorkflow(CALLER, kept);
  await becomes(node, kept, "COMPLETED");
  await expectClean(kept);
  expect(calls.get("all")).toMatchObject({ total: 8 + 3 });
});

test("an expanded group out of time gives back the places of all its instances", async () => {
  await ends([group("around", [counts("beside", "beside", { after: ["other.o"] })], { maxParallel: 1, groups: [group("each", [task("t", { handler: "delay", input: { duration: "1h" } })], { ...over(3), timeoutMs: 200 })] }),
    group("other", [task("o", { handler: "delay", input: { duration: "20ms" } })])], "FAILED");
  expect(calls.get("beside")?.total).toBe(1);
});

test("nothing is left of all that", async () => {
  // Lanes are hints: what nobody serves stays in one until somebody asks, and finds nothing to do.
  expect((await node.remoteWorkers.claimTasks(CALLER, { workerId: "w", handlers: ["nobody"], max: 100, waitMs: 0, leaseMs: 30_000 })).tasks).toEqual([]);
  await waitFor(async () => (await coordinationLeft(node.redis, new Keys(shardPrefix(keyPrefix, 0)))).length === 0, { what: "the last lease, timer and lane to go" });
});
