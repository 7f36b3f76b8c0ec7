/** Exports and the keys that workflows wait for arrive once, whoever dies between the steps, and whatever comes first. */

import { afterEach, beforeEach, expect, test } from "vitest";
import { ownSessionId, sessionKey } from "../../src/engine/session.js";
import type { SessionStore } from "../../src/engine/Sessions.js";
import type { FanwireNode } from "../../src/main.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { TaskGroup } from "../../src/engine/TaskGroup.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import type { PlanNode } from "../../src/workflow/plan.js";
import { oneGroup, task } from "../support/builders.js";
import { becomes, logOf, start } from "../engine/control/support.js";
import { exporter, reader, run, workflowsIn } from "../engine/sessions/support.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectNothingLeft, keyspace, keysUnder } from "./checks.js";
import { elsewhere } from "./handlers.js";
import { Died, sessionsOf } from "./sessionParts.js";
import { refOf, StoreClient } from "./storeClient.js";

const RETENTION_MS = 3_600_000;
const key = sessionKey({ tenant: "default", id: "s" });

let keyPrefix: string;
let keys: Keys;
let nodes: FanwireNode[];
beforeEach(() => {
  keyPrefix = testPrefix();
  keys = new Keys(shardPrefix(keyPrefix, 0));
  nodes = [];
});
afterEach(() => Promise.all(nodes.map((node) => node.stop())));

async function startNode(config: object = {}): Promise<FanwireNode> {
  const node = await startTestNode({ handlers: elsewhere("slow"), config: { keyPrefix, ...config } });
  nodes.push(node);
  return node;
}

/** All that is kept of sessions. */
async function sessionState(node: FanwireNode): Promise<Record<string, unknown>> {
  const all = await keyspace(node.redis, keyPrefix);
  return Object.fromEntries(Object.entries(all).filter(([name]) => /:s[scxwe]:/.test(name)));
}

/**
 * A waiting workflow, and one that has just completed and exports, whose debt nobody has paid: the only node is stopped before
 * the last outcome is recorded.
 * @param sessionId of the one that exports; "": none
 */
async function owing(sessionId = "s"): Promise<{ waiting: string; exporting: string }> {
  const node = await startTestNode({ handlers: elsewhere("slow"), config: { keyPrefix, worker: false } });
  const waiting = await start(node, { definition: reader("k"), sessionId: "s" });
  const definition = { ...oneGroup(task("k", { handler: "slow" })), exports: ["k"] };
  const exporting = await start(node, { definition, ...(sessionId === "" ? {} : { sessionId }) });
  const client = new StoreClient(node, "w1", keyPrefix, 60_000);
  const claim = await client.claimOne();
  expect(claim.workflowId).toBe(exporting);
  const plan = compilePlan(definition);
  await node.stop();
  bare = await startBare();
  await new StoreClient(bare, "w1", keyPrefix, 60_000).store.completeTasks(0, client.request(0), [{
    kind: "done", ref: refOf(claim), status: "COMPLETED", failsWorkflow: false, cancelsRest: false, group: "0", writes: ["k", "7"],
    route: TaskGroup.route(plan, plan.nodes[0] as PlanNode, "COMPLETED"),
  }]);
  return { waiting, exporting };
}

/** A node of another deployment on the same Redis: nothing of it touches this one, but for what a test does over its connection. */
let bare: FanwireNode;
async function startBare(): Promise<FanwireNode> {
  const node = await startTestNode({ config: { worker: false } });
  nodes.push(node);
  return node;
}

test("a process that dies behind the terminal step leaves a debt, which the next one pays", async () => {
  const { waiting, exporting } = await owing();
  expect(await bare.redis.hget(keys.workflow(exporting), "so")).toBe("x");
  expect(await bare.redis.hgetall(keys.sessionContext(key))).toEqual({});
  const node = await startNode();
  await waitFor(async () => (await node.redis.hget(keys.sessionContext(key), "k")) === "7", { what: "the export to arrive" });
  await becomes(node, waiting, "COMPLETED");
  expect(await node.engine.context(waiting, ["got"])).toEqual({ got: 7 });
  await logOf(node, waiting);
  await expectNothingLeft(node, keyPrefix);
});

test("an exporting workflow is not deleted before its session has what it exports", async () => {
  const { exporting } = await owing();
  const store = new StoreClient(bare, "w1", keyPrefix, 60_000).store;
  expect(await store.deleteWorkflow(exporting, [])).toBe("OWES");
  const node = await startNode();
  expect(await node.engine.deleteWorkflow(CALLER, exporting)).toEqual({ deleted: true, problems: [] });
  expect(await node.engine.sessionContext(CALLER, "s")).toEqual({ k: 7 });
  await expectNothingLeft(node, keyPrefix);
});

test("another tenant that names the session of a workflow gets nothing of what that owes", async () => {
  const { exporting } = await owing("");
  const session = { tenant: "other", id: ownSessionId(exporting) };
  await sessionsOf(bare, keyPrefix, RETENTION_MS).open(session);
  await sessionsOf(bare, keyPrefix, RETENTION_MS).carry(exporting, sessionKey(session));
  expect(await bare.redis.hgetall(keys.sessionContext(sessionKey(session)))).toEqual({});
  expect(await bare.redis.hgetall(keys.sessionContext(sessionKey({ ...session, tenant: "default" })))).toEqual({ k: "7" });
});

test.each<[keyof SessionStore, boolean]>(
  (["debtOf", "missingKeys", "join", "export", "values", "exported", "settle"] as const).flatMap((method): [keyof SessionStore, boolean][] => [[method, false], [method, true]]),
)("whoever carries exports may die at %s (carried out: %s)", async (method, after) => {
  const { waiting, exporting } = await owing();
  await expect(sessionsOf(bare, keyPrefix, RETENTION_MS, { method, after }).carry(exporting, key)).rejects.toThrow(Died);
  const settled = (await bare.redis.hget(keys.workflow(exporting), "so")) === null;
  expect(settled).toBe(method === "settle" && after);
  await sessionsOf(bare, keyPrefix, RETENTION_MS).carry(exporting, key);
  const state = await sessionState(bare);
  await sessionsOf(bare, keyPrefix, RETENTION_MS).carry(exporting, key);
  expect(await sessionState(bare)).toEqual(state);
  expect(await bare.redis.hgetall(keys.sessionContext(key))).toEqual({ k: "7" });
  expect(await bare.redis.hget(keys.context(waiting), "k")).toBe("7");
  expect(await bare.redis.scard(keys.sessionExporters(key))).toBe(0);
});

test("a submitter that dies behind the submission has its workflow entered, and supplied, by another", async () => {
  const first = await startNode();
  await run(first, { definition: exporter("k", 1), sessionId: "s" });
  await first.engine.sessionContext(CALLER, "s");
  const id = await start(first, { definition: reader("other"), sessionId: "s" });
  // As it stands when the submitter has died: stored, not entered, not supplied.
  await first.redis.multi()
    .zrem(keys.sessionIndex(key), id).srem(keys.sessionWaiting(key), id).hset(keys.sessionContext(key), "other", "9")
    .hset(keys.workflow(id), "so", "j").zadd(keys.timers, Date.now(), `S ${id} ${key}`).exec();
  await becomes(first, id, "COMPLETED");
  expect(await workflowsIn(first, "s")).toContain(id);
  await expectNothingLeft(first, keyPrefix);
});

test("workflows that are submitted while the key that they wait for is exported all get it", async () => {
  const [a, b] = [await startNode({ shards: 3 }), await startNode({ shards: 3 })];
  for (let round = 0; round < 12; round++) {
    const sessionId = `race-${round}`;
    const readers = Array.from({ length: 12 }, (_, i) => start(i % 2 === 0 ? a : b, { definition: reader("k"), sessionId }));
    const exporting = Array.from({ length: 3 }, (_, i) => start(i % 2 === 0 ? b : a, { definition: exporter("k", i), sessionId }));
    const ids = await Promise.all(readers);
    await Promise.all(exporting);
    for (const id of ids) {
      await becomes(a, id, "COMPLETED");
      await logOf(b, id);
    }
    expect((await workflowsIn(b, sessionId)).length).toBe(15);
    const { k } = await b.engine.sessionContext(CALLER, sessionId);
    expect(k).toBe(await lastOf(a, await Promise.all(exporting)));
  }
});

/** What the one of these workflows exported that completed last. */
async function lastOf(node: FanwireNode, ids: readonly string[]): Promise<unknown> {
  const ended = await Promise.all(ids.map(async (id) => ({ id, ms: (await node.engine.workflow(CALLER, id))?.finishedMs as number })));
  const last = ended.reduce((best, one) => (one.ms > best.ms || (one.ms === best.ms && one.id > best.id) ? one : best));
  return (await node.engine.context(last.id))["k"];
}

test("exports that arrive out of order leave the value of the workflow that completed last", async () => {
  const node = await startNode();
  await run(node, { definition: exporter("k", 1), sessionId: "s" });
  const redisSessions = sessionsOf(node, keyPrefix, RETENTION_MS);
  const late = await run(node, { definition: exporter("k", 2), sessionId: "s" });
  await redisSessions.context({ tenant: "default", id: "s" });
  const early = (await workflowsIn(node, "s")).at(-1) as string;
  expect(early).not.toBe(late);
  // The debt of the first comes again, after the second has paid.
  await node.redis.multi().hset(keys.workflow(early), "so", "x").zadd(keys.timers, Date.now(), `S ${early} ${key}`).exec();
  await redisSessions.carry(early, key);
  expect(await node.engine.sessionContext(CALLER, "s")).toEqual({ k: 2 });
});

test("a session outlives its last workflow by the retention time, then nothing of it is left", async () => {
  const node = await startNode({ retentionMs: 500 });
  const id = await run(node, { definition: exporter("k", 1), sessionId: "s" });
  await waitFor(async () => (await node.engine.workflow(CALLER, id)) === null, { what: "the workflow to go" });
  await waitFor(async () => (await workflowsIn(node, "s").catch(() => [id])).length === 0, { what: "the workflow to leave" });
  expect(await node.engine.sessionContext(CALLER, "s")).toEqual({ k: 1 });
  // Somebody enters in time: what it holds stays.
  const second = await run(node, { definition: reader("k"), sessionId: "s" });
  expect(await node.engine.context(second, ["got"])).toEqual({ got: 1 });
  await waitFor(async () => !(await node.engine.hasSession(CALLER, "s")), { what: "the session to go" });
  await waitFor(async () => (await keysUnder(node.redis, keyPrefix)).every((name) => !/:s[scxwe]:/.test(name)), { what: "the last key of it to go" });
  await expectNothingLeft(node, keyPrefix);
});

test("a workflow that is deleted leaves its session at once, also the last one", async () => {
  const node = await startNode();
  const first = await run(node, { definition: exporter("k", 1), sessionId: "s" });
  const second = await run(node, { definition: exporter("l", 2) });
  expect((await node.engine.deleteWorkflow(CALLER, first)).deleted).toBe(true);
  expect(await workflowsIn(node, "s")).toEqual([]);
  expect(await node.engine.sessionContext(CALLER, "s")).toEqual({ k: 1 });
  expect((await node.engine.deleteWorkflow(CALLER, second)).deleted).toBe(true);
  expect(await workflowsIn(node, ownSessionId(second))).toEqual([]);
  const ttl = await node.redis.pttl(keys.sessionContext(key));
  expect(ttl).toBeGreaterThan(1_000);
  await expectNothingLeft(node, keyPrefix);
});
