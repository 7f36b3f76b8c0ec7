/** Replies of scripts that never arrive, and scripts that Redis has forgotten: everything ends as it would have without. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { ShardKeys } from "../../src/store/keys.js";
import { RedisBridge } from "../../src/store/RedisBridge.js";
import { resolveScript, SCRIPT_NAMES, Scripts, type ScriptName } from "../../src/store/scripts.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../support/builders.js";
import { startTcpProxy, type TcpProxy } from "../support/tcpProxy.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectNothingLeft, expectWholeLog } from "./checks.js";
import { slow } from "./handlers.js";
import { sharedRedis } from "../support/redisServer.js";

/** Short, so that the longest task lasts until a heartbeat. */
const LEASE_MS = 1_200;

let proxy: TcpProxy;
let node: FanwireNode;
const keyPrefix = testPrefix();

beforeAll(async () => {
  proxy = await startTcpProxy({ port: sharedRedis().port });
  node = await startTestNode({ redisUrl: proxy.url, handlers: [slow], config: { keyPrefix, leaseMs: LEASE_MS } });
});
afterAll(async () => {
  await node.stop();
  await proxy.stop();
});

/** Long texts make the variables too large for the expand step: they are stored ahead of it. */
const long = "x".repeat(6_000);
const everything: WorkflowDefinition = workflow([group("g", [
  task("a", { handler: "slow", input: { value: "{{ n }}", ms: 800 } }),
  task("b", { handler: "transform", input: { expression: "x + 1", data: { x: "{{ a }}" } } }),
  task("pause", { handler: "delay", input: { duration: "50ms" } }),
  task("again", { handler: "fail", input: { untilAttempt: 2, result: "ok" }, retry: retry({ initialDelayMs: 20, jitter: false }) }),
  task("each", { handler: "transform", input: { expression: "$length(x) + i", data: { x: "{{ x.text }}", i: "{{ x.i }}" } }, expansion: expansion({ array: { x: "xs" } }) }),
  task("far", { handler: "far", input: "{{ n }}" }),
  task("end", { handler: "log", after: ["b", "pause", "again", "each", "far"], totalTimeoutMs: 3_600_000, heartbeatTimeoutMs: 3_600_000 }),
], { maxParallel: 4, timeoutMs: 3_600_000 })], { timeoutMs: 3_600_000 });
const context: JsonObject = { n: 20, xs: Array.from({ length: 100 }, (_, i) => ({ i, text: long })) };

interface Outcome { events: string[]; context: JsonObject; cancelled: unknown; controlled: unknown; session: unknown; undone: unknown; bridge: unknown; listed: string[] }

/** Plays the remote worker that has the handler `far`: its one task comes once, and its result is recorded. */
async function workFarAway(): Promise<void> {
  const { tasks } = await node.remoteWorkers.claimTasks(CALLER, { workerId: "far-away", handlers: ["far"], max: 5, waitMs: 20_000, leaseMs: 30_000 });
  expect(tasks).toMatchObject([{ task: "g.far", attempt: 1, input: 20 }]);
  await node.fleet.queues();
  const claims = tasks.map(({ claim }) => claim);
  expect(await node.remoteWorkers.completeTasks(CALLER, tasks.map(({ claim, input }) => ({ claim, result: input })))).toEqual({ accepted: claims, stale: [], problems: [] });
}

const controlled: WorkflowDefinition = { ...oneGroup(
  task("ask", { handler: "signal" }), task("reads", { input: "{{ key }}" }),
  task("bad", { handler: "fail", input: { code: "BAD", retryable: false, untilAttempt: 2, result: "at last" }, after: ["ask"] }),
), externalKeys: ["key"] };

/** Every verb by which a person takes part, each once; a failed task is run again. */
async function control(): Promise<unknown> {
  const { registered } = await node.engine.registerDefinition(CALLER, controlled);
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: controlled });
  const id = workflowId as string;
  const statusOf = async (address: string): Promise<string | undefined> => (await node.engine.workflowDetail(CALLER, id))?.tasks.find((state) => state.address === address)?.status;
  const answers = [await node.engine.pauseWorkflow(CALLER, id), await node.engine.resumeWorkflow(CALLER, id), await node.engine.provideContext(CALLER, id, { key: 1 })];
  await waitFor(async () => (await statusOf("g.ask")) === "WAITING", { what: "the question" });
  answers.push(await node.engine.signalTask(CALLER, { workflowId: id, task: "g.ask", payload: 7, outcome: "APPROVE" }));
  const failed = (await finished(node, id)).status;
  answers.push(await node.engine.retryWorkflow(CALLER, id));
  await waitFor(async () => (await node.engine.workflow(CALLER, id))?.status === "COMPLETED", { what: "the second end" });
  return { version: registered?.version, problems: answers.flatMap(({ problems }) => problems), failed, context: await node.engine.context(id) };
}

/** A workflow that waits in a session of its own, one that enters it and exports, and the end of both. */
async function session(): Promise<unknown> {
  const waits: WorkflowDefinition = { ...oneGroup(task("got", { handler: "transform", input: { expression: "$", data: "{{ key }}" } })), externalKeys: ["key"] };
  const exports: WorkflowDefinition = { ...oneGroup(task("key", { handler: "transform", input: { expression: "7", data: null } })), exports: ["key"] };
  const { workflowId: first } = await node.engine.submitWorkflow(CALLER, { definition: waits });
  const sessionId = (await node.engine.workflow(CALLER, first as string))?.sessionId as string;
  const { workflowId: second, problems } = await node.engine.submitWorkflow(CALLER, { definition: exports, sessionId });
  await finished(node, first as string);
  const held = [problems, await node.engine.context(first as string), await node.engine.sessionContext(CALLER, sessionId)];
  const deleted = await Promise.all([first, second].map((id) => node.engine.deleteWorkflow(CALLER, id as string)));
  return [held, deleted, (await node.engine.workflows(CALLER, { sessionId }, {})).totalCount];
}

/** What the bridge to Kafka asks of Redis: a lease that is taken, kept and left, and a command that is told once. */
async function bridge(): Promise<unknown> {
  const store = new RedisBridge(node.redis, new ShardKeys(keyPrefix, 1), new Scripts(node.redis), 60_000);
  const id = testPrefix();
  const taken = await store.takeRelay(0, id, 60_000);
  const codes = [taken.code, (await store.takeRelay(0, "another", 60_000)).code, (await store.keepRelay(0, id, taken.token, 60_000, { at: "5-0", passed: 5 })).code, (await store.relayedTo(0)).at];
  await store.leaveRelay(0, id, taken.token);
  return [...codes, (await store.recordCommand("default", id, "says")).code, await store.recordCommand("default", id, "says", "1"), await store.recordCommand("default", id, "says", "2"), (await store.recordCommand("default", id, "else")).code];
}

/** A workflow that has another one run, fails and undoes what that one did. */
async function undo(): Promise<unknown> {
  await node.engine.registerDefinition(CALLER, { ...oneGroup(task("inner", { handler: "transform", input: { expression: "6 * 7", data: null } })), name: "inner" });
  const definition = oneGroup(
    task("runs", { handler: "workflow", input: { definitionName: "inner" }, compensate: { handler: "transform", input: { expression: "$ + 1", data: "{{ $result.inner }}" } } }),
    task("bad", { handler: "fail", input: { code: "BAD", retryable: false }, after: ["runs"] }),
  );
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition });
  const detail = await finished(node, workflowId as string);
  expectWholeLog(await eventsOf(node, workflowId as string));
  return Promise.all(detail.tasks.map(async (state) => [state.address, state.status, await node.engine.result(state)]));
}

/** Runs a workflow with every feature to its end, and one that is cancelled; answers what does not depend on timing. */
async function outcome(): Promise<Outcome> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: everything, context });
  expect(problems).toEqual([]);
  const { workflowId: second } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("held", { handler: "slow", input: { value: 1, ms: 300 } })) });
  const cancelled = await node.engine.cancelWorkflow(CALLER, second as string, "not wanted");
  await workFarAway();
  const controlledOutcome = await control();
  const sessionOutcome = await session();
  const bridgeOutcome = await bridge();
  const undone = await undo();
  const events = await eventsOf(node, workflowId as string);
  expectWholeLog(events);
  const later = await eventsOf(node, second as string);
  expectWholeLog(later);
  const listed = await node.engine.workflows(CALLER, {}, { first: 5 });
  return {
    events: events.map((event) => (event.kind === "task" ? `${event.type} ${event.task} ${event.itemIndex ?? ""} ${event.attempt}` : event.type)).sort(),
    context: await node.engine.context(workflowId as string),
    cancelled: [cancelled, later.at(-1)?.type],
    controlled: controlledOutcome,
    session: sessionOutcome,
    bridge: bridgeOutcome,
    undone,
    listed: listed.edges.map(({ node: { status } }) => status),
  };
}

let undisturbed: Outcome;
beforeAll(async () => { undisturbed = await outcome(); });

/** By its hash, or whole where Redis does not have it yet. */
function callOf(name: ScriptName): (words: string[]) => boolean {
  const { sha, body } = resolveScript(name);
  return (words) => words[1] === sha || words[1] === body;
}

test("without a fault the workflow comes out as it should", () => {
  expect(undisturbed.context).toMatchObject({ a: 20, b: 21, pause: null, again: "ok", far: 20, end: null });
  expect(undisturbed.context["each"]).toEqual(Array.from({ length: 100 }, (_, i) => long.length + i));
  expect(undisturbed.controlled).toEqual({ version: 1, problems: [], failed: "FAILED", context: { key: 1, ask: 7, reads: null, bad: "at last" } });
  expect(undisturbed.session).toEqual([[[], { key: 7, got: 7 }, { key: 7 }], [{ deleted: true, problems: [] }, { deleted: true, problems: [] }], 0]);
  expect(undisturbed.bridge).toEqual(["HELD", "OTHER", "HELD", "5-0", "OPEN", { code: "DONE", outcome: "1" }, { code: "DONE", outcome: "1" }, "CONFLICT"]);
  expect(undisturbed.undone).toEqual([["g.runs", "COMPLETED", { inner: 42 }], ["g.bad", "FAILED", undefined], ["g.runs!compensate", "COMPLETED", 43]]);
  expect(undisturbed.cancelled).toEqual([{ problems: [] }, "WORKFLOW_CANCELLED"]);
});

const INSIDE_A_RUN = SCRIPT_NAMES.filter((name) => name !== "deleteWorkflow");

test.each(INSIDE_A_RUN)("the reply of %s is lost, and the outcome is the same", async (name) => {
  let happened = false;
  const cut = proxy.cutAfterRequest(callOf(name)).then(() => { happened = true; });
  expect(await outcome()).toEqual(undisturbed);
  await waitFor(() => happened, { what: `a call of ${name}` });
  await cut;
});

test.each(INSIDE_A_RUN)("the first request of %s never arrives, and the outcome is the same", async (name) => {
  const cut = proxy.cutBeforeRequest(callOf(name));
  expect(await outcome()).toEqual(undisturbed);
  await cut;
});

test("replies of all scripts are lost now and then", async () => {
  let calls = 0;
  const everyNth = (words: string[]): boolean => SCRIPT_NAMES.some((name) => callOf(name)(words)) && ++calls % 4 === 0;
  const cut = proxy.cutAfterRequest(everyNth, 8);
  expect(await outcome()).toEqual(undisturbed);
  await cut;
});

test("Redis forgets its scripts in the middle", async () => {
  const run = outcome();
  for (let i = 0; i < 5; i++) {
    await node.redis.script("FLUSH");
    await node.engine.workflow(CALLER, "s0-00000000000000000000000000");
  }
  expect(await run).toEqual(undisturbed);
});

test("the reply of deleteWorkflow is lost, and the workflow is gone all the same", async () => {
  const short = await startTestNode({ redisUrl: proxy.url, config: { keyPrefix: testPrefix(), retentionMs: 50 } });
  try {
    const cut = proxy.cutAfterRequest(callOf("deleteWorkflow"));
    const { workflowId } = await short.engine.submitWorkflow(CALLER, { definition: oneGroup(task("a")) });
    await cut;
    await waitFor(async () => (await short.engine.workflow(CALLER, workflowId as string)) === null, { what: "the workflow to go" });
  } finally {
    await short.stop();
  }
});

test("no lease, timer or lane is left of all that", () => expectNothingLeft(node, keyPrefix));
