/** Sockets cut, servers and Redis killed, doorbells lost, under load: a client that resumes gets each event of every workflow exactly once. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { startCli, type StartedProgram } from "../cli/runCli.js";
import { byWorkflow, followFromNow, take } from "../events/feedReader.js";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { isTerminalEvent } from "../support/terminalEvent.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { startTestRedis, type TestRedis } from "../support/redisServer.js";
import { seededRandom, testSeed } from "../support/seededRandom.js";
import { expectSoundKeysAtRest } from "../support/soundKeys.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { WideClient, type WideEvent } from "./wideClient.js";

const SHARDS = 2;
const FAULTS = 30;
const SEED = testSeed();
const keyPrefix = testPrefix();

interface Server { url: string; program: StartedProgram }
let redis: TestRedis;
/** Submits, and reads the logs that the clients are held against. */
let node: FanwireNode;
const servers = new Map<number, Server>();
/** Also those that another start for the same index has replaced. */
const programs: StartedProgram[] = [];

const random = seededRandom(SEED);

async function startServer(index: number): Promise<void> {
  const env = { REDIS_URL: redis.url, KEY_PREFIX: keyPrefix, SHARDS: String(SHARDS), LEASE: "2s", LOG_LEVEL: "silent", PORT: "0" };
  const program = startCli(["serve"], { env });
  programs.push(program);
  const [, url] = await waitFor(() => /^Fanwire serves (http:\S+)$/m.exec(program.output.stderr), { what: `server ${index}; it wrote ${program.output.stderr}`, timeoutMs: 30_000 });
  servers.set(index, { program, url: `${(url as string).replace("http", "ws")}/graphql` });
}

async function killServer(index: number): Promise<void> {
  const server = servers.get(index);
  servers.delete(index);
  server?.program.kill("SIGKILL");
  await server?.program.ended;
}

beforeAll(async () => {
  redis = await startTestRedis({ aof: "always" });
  node = await startTestNode({ redisUrl: redis.url, config: { keyPrefix, shards: SHARDS, leaseMs: 2_000, workerConcurrency: 20 } });
  await Promise.all([0, 1].map(startServer));
}, 60_000);
afterAll(async () => {
  for (const program of programs) program.kill("SIGKILL");
  await Promise.all(programs.map(({ ended }) => ended));
  await node.stop(0);
  await redis.stop();
});

const mixed: WorkflowDefinition = oneGroup(
  task("each", { handler: "transform", input: { expression: "x", data: { x: "{{ x }}" } }, expansion: expansion({ array: { x: "[1..12]" }, maxParallel: 5 }) }),
  task("again", { handler: "fail", input: { untilAttempt: 2, result: "ok" }, retry: retry({ initialDelayMs: 20, jitter: false }) }),
  task("pause", { handler: "delay", input: { duration: "30ms" } }), task("last", { after: ["each", "again", "pause"] }),
);

async function submit(n: number): Promise<string> {
  return waitFor(async () => {
    const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: { ...mixed, name: n % 3 === 0 ? "third" : "other" }, idempotencyKey: `key-${n}` });
    return workflowId;
  }, { what: `submission ${n}`, timeoutMs: 30_000 });
}

/** One after the other until they are to stop; answers the ids. */
async function load(stop: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  while (!stop.aborted) {
    ids.push(await submit(ids.length));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return ids;
}

/** @param counts how often each happened */
async function fault(clients: readonly WideClient[], counts: Record<string, number>): Promise<void> {
  const kind = random(10);
  const counted = (name: string): void => { counts[name] = (counts[name] ?? 0) + 1; };
  if (kind < 6) {
    counted("socket");
    clients[random(clients.length)]?.cut();
  } else if (kind < 8) {
    counted("server");
    const index = random(2);
    await killServer(index);
    void startServer(index).catch(() => undefined);
  } else if (kind < 9) {
    counted("doorbell");
    await node.redis.client("KILL", "TYPE", "pubsub");
  } else {
    counted("redis");
    await redis.kill9();
    await redis.restart();
  }
}

/** As it should be, from the logs. */
async function expected(ids: readonly string[], wanted: (event: WorkflowEvent) => boolean): Promise<Map<string, string[]>> {
  const logs = await Promise.all(ids.map(async (id) => (await node.events.readEvents(id, 10_000)).events));
  return new Map(logs.flatMap((log): [string, string[]][] => {
    const matching = log.filter(wanted).map(({ seq, type }) => `${seq} ${type}`);
    return matching.length > 0 ? [[(log[0] as WorkflowEvent).workflowId, matching]] : [];
  }));
}

function got(events: readonly WideEvent[]): Map<string, string[]> {
  return new Map([...byWorkflow(events)].map(([id, list]) => [id, list.map(({ seq, type }) => `${seq} ${type}`)]));
}

test("every client has every event of its filter once, each workflow's in order", async () => {
  const opening = take(await followFromNow(node), { events: 1 });
  await submit(1_000_000);
  const [{ cursor }] = (await opening) as [WorkflowEvent];
  const urls = (): string[] => [...servers.values()].map(({ url }) => url);
  const types = ["TASK_COMPLETED", "WORKFLOW_COMPLETED"];
  const filters: [object, (name: string, event: WorkflowEvent) => boolean][] = [
    [{}, () => true], [{}, () => true], [{ name: "third" }, (name) => name === "third"],
    [{ types }, (_, event) => types.includes(event.type)],
  ];
  const clients = filters.map(([filter]) => new WideClient(urls, filter, cursor));

  const stop = new AbortController();
  const loading = load(stop.signal);
  const counts: Record<string, number> = {};
  for (let i = 0; i < FAULTS; i++) {
    // Only while events flow does a fault hit anything.
    const seen = clients.map(({ events }) => events.length);
    await waitFor(() => clients.every(({ events }, client) => events.length > (seen[client] as number)), { what: `events before fault ${i}, seed ${SEED}`, timeoutMs: 30_000, intervalMs: 10 });
    await fault(clients, counts);
  }
  stop.abort();
  const ids = await loading;
  await Promise.all(ids.map((id) => waitFor(async () => isTerminalEvent((await node.events.readEvents(id, 10_000)).events.at(-1) as WorkflowEvent), { what: `${id} to end, seed ${SEED}`, timeoutMs: 60_000 })));
  const names = new Map(await Promise.all(ids.map(async (id): Promise<[string, string]> => [id, (await node.engine.workflow(CALLER, id))?.name as string])));

  for (const [client, [filter, wanted]] of filters.entries()) {
    const { events, errors } = clients[client] as WideClient;
    const all = await expected(ids, (event) => wanted(names.get(event.workflowId) as string, event));
    const count = [...all.values()].flat().length;
    await waitFor(() => events.filter(({ workflowId }) => all.has(workflowId)).length >= count, { what: `the last of ${count} events of ${JSON.stringify(filter)}, seed ${SEED}`, timeoutMs: 30_000 }).catch(() => undefined);
    const seen = got(events.filter(({ workflowId }) => names.has(workflowId)));
    expect({ seed: SEED, filter, seen: Object.fromEntries(seen) }).toEqual({ seed: SEED, filter, seen: Object.fromEntries(all) });
    expect(errors).toEqual([]);
  }
  await Promise.all(clients.map((client) => client.stop()));
  await expectSoundKeysAtRest(node.redis, keyPrefix, { shards: SHARDS, timeoutMs: 20_000 });
  const connections = clients.reduce((sum, client) => sum + client.connections, 0);
  process.stdout.write(`wide subscription: ${ids.length} workflows, ${clients[0]?.events.length} events, ${connections} connections, faults ${JSON.stringify(counts)}, seed ${SEED}\n`);
  expect(ids.length).toBeGreaterThan(FAULTS);
  expect(counts["socket"]).toBeGreaterThan(5);
  expect(counts["server"]).toBeGreaterThan(0);
}, 180_000);
