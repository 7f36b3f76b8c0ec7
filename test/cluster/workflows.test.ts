/** Redis Cluster: every script and every read works where each shard may lie on another node, and the shards spread over them. */

import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { sessionKey } from "../../src/engine/session.js";
import type { FanwireNode } from "../../src/main.js";
import { isCluster, primariesOf } from "../../src/store/connect.js";
import { isPassing } from "../../src/store/fsck/findings.js";
import { confirmedFindings } from "../../src/store/fsck/fsck.js";
import { RedisReads } from "../../src/store/fsck/reads.js";
import { ShardKeys, shardOf } from "../../src/store/keys.js";
import { RedisBridge } from "../../src/store/RedisBridge.js";
import { RedisSessions } from "../../src/store/RedisSessions.js";
import { resolveScript, SCRIPT_NAMES, Scripts } from "../../src/store/scripts.js";
import type { TaskDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import { expectWholeLog, keysUnder } from "../faults/checks.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { startTestCluster, type TestCluster } from "../support/redisCluster.js";
import { CALLER, eventsOf, finished, startTestNode, startTestServer, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

const SHARDS = 9;
const keyPrefix = testPrefix();
let cluster: TestCluster;
let node: FanwireNode;

beforeAll(async () => {
  cluster = await startTestCluster();
  node = await startTestNode({ redisUrl: cluster.url, config: { keyPrefix, shards: SHARDS, leaseMs: 1_000 } });
});
afterAll(async () => {
  await node?.stop(0);
  await cluster?.stop();
});

const named = (name: string, ...tasks: TaskDefinition[]): WorkflowDefinition => ({ ...oneGroup(...tasks), name });
const double = named("double", task("twice", { handler: "transform", input: { expression: "n * 2", data: { n: "{{ n }}" } } }));

async function submit(definition: WorkflowDefinition, more: object = {}): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition, ...more });
  expect(problems).toEqual([]);
  return workflowId as string;
}

test("workflows of every shard run, on all nodes", async () => {
  const ids = await Promise.all(Array.from({ length: 60 }, (_, i) => submit(workflow([group("g", [
    task("each", { handler: "log", input: { message: "{{ x }}" }, expansion: expansion({ array: { x: "[1..20]" }, maxParallel: 5 }) }),
    task("pause", { handler: "delay", input: { duration: "20ms" } }),
    task("sum", { handler: "transform", input: { expression: "n + 1", data: { n: "{{ n }}" } }, after: ["each", "pause"] }),
  ])]), { context: { n: i }, idempotencyKey: `key ${i}` })));
  const logs = await Promise.all(ids.map((id) => eventsOf(node, id)));
  for (const events of logs) {
    expectWholeLog(events);
    expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
  }
  expect(new Set(ids.map(shardOf)).size).toBe(SHARDS);
  const keysByNode = await Promise.all(primariesOf(node.redis).map((server) => server.dbsize()));
  expect(keysByNode).toHaveLength(3);
  expect(Math.min(...keysByNode)).toBeGreaterThan(0);
  const listed = await node.engine.workflows(CALLER, {}, { first: 50 });
  expect([listed.totalCount, listed.edges.length, listed.hasNextPage]).toEqual([60, 50, true]);
});

test("sub-workflows, sessions, signals, control, remote workers and the bridge use the rest of the scripts", async () => {
  expect((await node.engine.registerDefinition(CALLER, double)).problems).toEqual([]);
  // Parent and child, session and workflow lie in different shards, mostly.
  const parents = await Promise.all([1, 2, 3, 4].map((n) => submit(oneGroup(task("child", { handler: "workflow", input: { definitionName: "double", context: { n } } })))));
  for (const id of parents) expect((await finished(node, id)).status).toBe("COMPLETED");

  const exporter = await submit(workflow([group("g", [task("made", { handler: "log", input: { message: "x" } })])], { exports: ["made"] }), { sessionId: "shared" });
  await finished(node, exporter);
  await waitFor(async () => "made" in (await node.engine.sessionContext(CALLER, "shared")), { what: "the export to come into the session" });

  const asking = await submit(oneGroup(task("ask", { handler: "signal" }), task("long", { handler: "delay", input: { duration: "1h" } })));
  await waitFor(async () => (await node.engine.signalTask(CALLER, { workflowId: asking, task: "g.ask", outcome: "APPROVE", payload: 1 })).problems.length === 0, { what: "the signal to be taken" });
  expect((await node.engine.pauseWorkflow(CALLER, asking)).problems).toEqual([]);
  expect((await node.engine.resumeWorkflow(CALLER, asking)).problems).toEqual([]);
  expect((await node.engine.cancelWorkflow(CALLER, asking)).problems).toEqual([]);
  await finished(node, asking);
  expect((await node.engine.retryWorkflow(CALLER, asking)).problems).toEqual([]);
  expect((await node.engine.cancelWorkflow(CALLER, asking)).problems).toEqual([]);
  expect(await node.engine.deleteWorkflow(CALLER, asking)).toEqual({ deleted: true, problems: [] });

  const given = await submit(workflow([group("g", [task("use", { input: { message: "{{ late }}" } })])], { externalKeys: ["late"] }));
  expect((await node.engine.provideContext(CALLER, given, { late: 1 })).problems).toEqual([]);
  expect((await finished(node, given)).status).toBe("COMPLETED");

  expect((await node.fleet.queues()).map(({ name }) => name)).toContain("default");
  const wide = await submit(oneGroup(task("each", { input: { message: "{{ x }}" }, expansion: expansion({ array: { x: "[1..30000]" } }) })));
  expect((await finished(node, wide)).status).toBe("COMPLETED");
});

test("remote workers claim from every shard", async () => {
  const worker = { workerId: "remote", handlers: ["far"], max: 100, waitMs: 5_000, leaseMs: 60_000 };
  await node.remoteWorkers.claimTasks(CALLER, { ...worker, waitMs: 0 });
  const ids = await Promise.all(Array.from({ length: 12 }, () => submit(oneGroup(task("t", { handler: "far", input: 1 })))));
  let done = 0;
  await waitFor(async () => {
    const { tasks } = await node.remoteWorkers.claimTasks(CALLER, worker);
    const claims = tasks.map(({ claim }) => claim);
    expect(await node.remoteWorkers.heartbeatTasks(CALLER, { workerId: "remote", claims })).toEqual({ lost: [], problems: [] });
    if (claims.length > 0) await node.remoteWorkers.completeTasks(CALLER, claims.map((claim) => ({ claim, result: 1 })));
    done += claims.length;
    return done === ids.length;
  }, { what: "all tasks to be claimed" });
  for (const id of ids) expect((await finished(node, id)).status).toBe("COMPLETED");
});

test("what Kafka's bridge keeps, and the sessions' own steps, need one slot each", async () => {
  const [shards, scripts] = [new ShardKeys(keyPrefix, SHARDS), new Scripts(node.redis)];
  const bridge = new RedisBridge(node.redis, shards, scripts, 60_000);
  for (let shard = 0; shard < SHARDS; shard++) {
    const { token } = await bridge.takeRelay(shard, "a", 60_000);
    await bridge.leaveRelay(shard, "a", token);
    expect((await bridge.recordCommand("default", `id ${shard}`, "says")).code).toBe("OPEN");
  }
  const sessions = new RedisSessions(node.redis, shards, scripts, 60_000);
  const id = await submit(oneGroup(task("t")));
  await finished(node, id);
  expect(await sessions.share({ tenant: "default", id: `session:${id}` }, id)).toBe(true);
  await sessions.leave(sessionKey({ tenant: "default", id: `session:${id}` }), id);
});

test("a server on a cluster is ready, counts what waits in each shard, and says what its Redis is", async () => {
  const server = await startTestServer({ redisUrl: cluster.url, config: { keyPrefix, shards: SHARDS, worker: false } });
  onTestFinished(() => server.stop());
  expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({ ready: true });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(/^fanwire_redis_up 1$/m);
  expect(metrics.match(/^fanwire_ready\{/gm)?.length).toBeGreaterThanOrEqual(SHARDS);
  const response = await fetch(server.httpUrl, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query: "{ serverInfo { redis } }" }) });
  expect(await response.json()).toEqual({ data: { serverInfo: { redis: expect.stringMatching(/^cluster \d+\.\d+/) as string } } });
});

test("no script was left out, and all that is left is sound", async () => {
  expect(isCluster(node.redis)).toBe(true);
  const shas = SCRIPT_NAMES.map((name) => resolveScript(name).sha);
  const loaded = (await Promise.all(primariesOf(node.redis).map((server) => server.script("EXISTS", ...shas)))) as number[][];
  expect(SCRIPT_NAMES.filter((_, i) => !loaded.some((flags) => flags[i] === 1))).toEqual([]);
  expect((await keysUnder(node.redis, keyPrefix)).length).toBeGreaterThan(100);
  expect((await confirmedFindings(new RedisReads(node.redis), keyPrefix, SHARDS)).filter((finding) => !isPassing(finding))).toEqual([]);
  expect(await node.ready()).toBe(true);
});
