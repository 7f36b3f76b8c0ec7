/** The check of the keys finds nothing in a deployment in the middle of its work, and each thing that is put wrong by hand. */

import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Claim, Outcome } from "../../src/engine/ports.js";
import type { FanwireNode } from "../../src/main.js";
import { FINDING_KINDS, type FindingCode } from "../../src/store/fsck/findings.js";
import { confirmedFindings, fsck } from "../../src/store/fsck/fsck.js";
import { KEY_KINDS } from "../../src/store/fsck/kinds.js";
import { RedisReads } from "../../src/store/fsck/reads.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { keysUnder } from "../faults/checks.js";
import { elsewhere } from "../faults/handlers.js";
import { refOf, StoreClient } from "../faults/storeClient.js";
import { KeyPicture } from "../support/keyPicture.js";

const keyPrefix = testPrefix();
const keys = new Keys(shardPrefix(keyPrefix, 0));
/** Names of workflows that the corruptions below refer to. */
const ids: Record<"busy" | "ended" | "paused" | "outside", string> = { busy: "", ended: "", paused: "", outside: "" };
let redis: Redis;
let saved: [string, Buffer, number][];

/** Runs, waits for a time, waits for a retry, is ready, is pending; an expansion of eight items in four ranges, two of them admitted. */
const busy = workflow([group("g", [
  task("runs", { handler: "slow", timeoutMs: 60_000 }), task("waits", { handler: "slow" }), task("again", { handler: "slow" }),
  task("each", { handler: "slow", input: "{{ x }}", expansion: expansion({ array: { x: "[1..8]" }, maxParallel: 4 }) }),
  task("later", { input: "{{ runs }}", after: ["waits"] }),
  task("single", { input: "{{ waits }}" }),
])]);

async function submit(node: FanwireNode, definition: typeof busy, idempotencyKey?: string): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) });
  expect(problems).toEqual([]);
  return workflowId as string;
}

async function makeBusy(node: FanwireNode): Promise<void> {
  const client = new StoreClient(node, "w1", keyPrefix, 600_000);
  ids.busy = await submit(node, busy);
  const claims = new Map<number, Claim>();
  while (claims.size < 4) for (const claim of await client.claim()) claims.set(claim.node, claim);
  const ref = (at: number): ReturnType<typeof refOf> => refOf(claims.get(at) as Claim);
  const variables = [0, 1, 2, 3].flatMap((c) => [`v${c}`, JSON.stringify([0, 1].map((i) => [String(c * 2 + i), { x: c * 2 + i + 1 }]))]);
  const outcomes: Outcome[] = [
    { kind: "wait", ref: ref(1), delayMs: 600_000, result: "null" },
    { kind: "retry", ref: ref(2), delayMs: 600_000, error: '{"code":"X","message":"x","retryable":true}' },
    { kind: "expand", ref: ref(3), total: 8, chunk: 2, window: 4, tolerated: 0, failFast: true, lane: "slow~0", planLane: "$plan~0", variables },
  ];
  await client.store.completeTasks(0, client.request(0), outcomes);
  // One range runs, with one item that went to wait on its own; the other is ready.
  const range = refOf(await client.claimOne());
  await client.store.completeTasks(0, client.request(0), [{ kind: "items", ref: range, lane: "slow~0", planLane: "$plan~0", pieces: [{ letter: "W", offset: 1, count: 600_000, text: "null" }] }]);
}

beforeAll(async () => {
  redis = new Redis(process.env.FANWIRE_TEST_REDIS as string);
  const node = await startTestNode({ handlers: elsewhere("slow"), config: { keyPrefix, worker: false } });
  const worker = await startTestNode({ config: { keyPrefix } });
  ids.ended = await submit(node, oneGroup(task("a")), "key");
  await finished(node, ids.ended);
  await worker.stop();
  await makeBusy(node);
  ids.paused = await submit(node, oneGroup(task("a", { handler: "slow" })));
  await node.engine.pauseWorkflow(CALLER, ids.paused);
  ids.outside = await submit(node, { ...oneGroup(task("a", { handler: "slow", input: "{{ key }}" })), externalKeys: ["key"] });
  await submit(node, oneGroup(task("a", { handler: "slow" })));
  await node.engine.registerDefinition(CALLER, busy);
  await node.engine.registerDefinition(CALLER, { ...busy, description: "other" });
  await node.stop();
  saved = await Promise.all((await keysUnder(redis, keyPrefix)).map(async (key): Promise<[string, Buffer, number]> => [key, await redis.dumpBuffer(key), Math.max(0, await redis.pttl(key))]));
});
beforeEach(async () => {
  await redis.del(...(await keysUnder(redis, keyPrefix)));
  for (const [key, content, ttl] of saved) await redis.restore(key, ttl, content);
});
afterAll(async () => {
  await redis.quit();
});

async function codes(): Promise<FindingCode[]> {
  const found = await fsck(new RedisReads(redis), keyPrefix, 1);
  expect(await fsck(await KeyPicture.take(redis, keyPrefix), keyPrefix, 1)).toEqual(found);
  return [...new Set(found.map(({ code }) => code))].sort();
}

test("nothing is found in a deployment in the middle of its work", async () => {
  expect(await fsck(new RedisReads(redis), keyPrefix, 1)).toEqual([]);
  const fields = await redis.hgetall(keys.workflow(ids.busy));
  expect(Object.entries(fields).filter(([field]) => /^\d/.test(field)).map(([field, record]) => `${field} ${record[0]}`).sort()).toEqual(["0 X", "1 W", "2 W", "3 E", "3:1 W", "3:r0 X", "3:r1 R"]);
});

test("every kind of key has its row, and every row its key", () => {
  const members = Object.getOwnPropertyNames(Keys.prototype).filter((name) => name !== "constructor" && name !== "wake");
  expect(KEY_KINDS.map(({ name }) => name).sort()).toEqual(members.sort());
});

const w = (id: keyof typeof ids): string => keys.workflow(ids[id]);
/** Replaces a part of a field's text, which must be there. */
async function edit(key: string, field: string, from: string | RegExp, to: string): Promise<void> {
  const text = (await redis.hget(key, field)) as string;
  expect(text).toMatch(from);
  await redis.hset(key, field, text.replace(from, to));
}
const timer = async (kind: string): Promise<string> => (await redis.zrange(keys.timers, 0, -1)).find((member) => member.startsWith(`${kind} `)) as string;
const lanes = async (): Promise<string[]> => (await keysUnder(redis, keyPrefix)).filter((key) => key.includes(":q:"));
const byContent = async (part: string): Promise<string> => (await keysUnder(redis, keyPrefix)).find((key) => key.includes(part)) as string;
const leaseOf = async (field: string): Promise<string> => ((await redis.hget(w("busy"), field)) as string).split(" ")[2] as string;

const CORRUPTIONS: [FindingCode, string, () => Promise<unknown>][] = [
  ["KEY_UNKNOWN", "a key without a kind", () => redis.set(`${keys.prefix}zz:1`, "1")],
  ["KEY_UNKNOWN", "a key of a shard that there is not", () => redis.set(`${keyPrefix}:{s7}:tm`, "1")],
  ["KEY_TYPE", "a context that is a text", () => redis.set(keys.context(ids.ended), "1")],
  ["KEY_ORPHAN", "a context without a workflow", () => redis.hset(keys.context(`s0-${"0".repeat(26)}`), "a", "1")],
  ["KEY_ORPHAN", "items of a task that is not expanded", () => redis.hset(keys.items(ids.busy, 0), "v0", "[]")],
  ["KEY_ORPHAN", "a definition that nobody uses", () => redis.hset(keys.definition("ab"), "uses", "0", "text", "{}")],
  ["KEY_ORPHAN", "versions without a name", () => redis.del(keys.definitionNames("default"))],
  ["KEY_MISSING", "a definition that is gone", async () => redis.del(await byContent(":d:"))],
  ["KEY_MISSING", "a log that is gone", () => redis.del(keys.events(ids.busy))],
  ["KEY_MISSING", "a name without versions", () => redis.zadd(keys.definitionNames("default"), 0, "other")],
  ["KEY_FOR_EVER", "a worker's requests", async () => redis.persist(await byContent(":wk:"))],
  ["FIELD_UNKNOWN", "a field without a kind", () => redis.hset(w("busy"), "zz1", "1")],
  ["FIELD_UNKNOWN", "a lease with a name", () => redis.hset(keys.leases, "abc", "1")],
  ["FIELD_UNKNOWN", "a load of a kind that there is not", () => redis.hset(keys.load, "Q", "1")],
  ["FIELD_MISSING", "an ended workflow without an end", () => redis.hdel(w("ended"), "fin")],
  ["FIELD_MISSING", "a workflow without a name", () => redis.hdel(w("busy"), "nm")],
  ["FIELD_LEFT", "a count to wait for after the end", () => redis.hset(w("ended"), "o0", "1")],
  ["FIELD_LEFT", "a unit after the end", () => redis.hset(w("ended"), "0:r0", "R 1 0 0 0 0 0 - i 0")],
  ["FIELD_LEFT", "an instance's wait after the end", () => redis.hset(w("ended"), "y5@3.7:r0", "null")],
  ["RECORD_MALFORMED", "a record cut short", () => redis.hset(w("busy"), "0", "X 1 2")],
  ["COUNTS_WRONG", "a count too high", () => edit(w("busy"), "n", /^\d+/, "99")],
  ["LEFT_WRONG", "a count of open tasks", () => redis.hset(w("busy"), "left", "1")],
  ["LEFT_WRONG", "a group's count of open tasks", () => redis.hset(w("busy"), "g0", "9 0 1")],
  ["STATUS_WRONG", "an end with open tasks", () => redis.hset(w("busy"), "st", "C")],
  ["STATUS_WRONG", "an ended workflow that is open", () => redis.hset(w("ended"), "st", "R")],
  ["STATUS_WRONG", "an error of a workflow that completed", () => redis.hset(w("ended"), "bad", "{}")],
  ["OWED_WRONG", "a compensation that is owed and nowhere noted", () => redis.hset(w("busy"), "cmp", "1")],
  ["OWED_WRONG", "a compensation that is noted and not counted", () => redis.hset(w("busy"), "cmp1", "9/slow~0/p")],
  ["COUNTS_WRONG", "compensations that are owed and not counted as pending", () => redis.hset(w("busy"), "vd", "F", "cmp", "1", "cmp1", "9/slow~0/p")],
  ["FIELD_LEFT", "a compensation that is owed after the end", () => redis.hset(w("ended"), "cmp1", "9/slow~0/p")],
  ["ITEMS_WRONG", "a count of items", () => edit(w("busy"), "x3", /^8 2 (\d+) (\d+)/, "8 2 $1 9")],
  ["ITEMS_WRONG", "an item that ended unnoticed", () => redis.hset(keys.items(ids.busy, 3), "s1", "C.")],
  ["ITEM_LOST", "a range that is gone", () => redis.hdel(w("busy"), "3:r1")],
  ["ITEM_LOST", "an item whose unit is gone", () => redis.hdel(w("busy"), "3:1")],
  ["TASK_STUCK", "a dependency that ended and released nobody", () => edit(w("busy"), "1", /^W/, "C")],
  ["TASK_STUCK", "items that ended and nobody collects", async () => {
    await edit(w("busy"), "x3", /^.*$/, "8 2 4 0 0 0 0 8 0 0 1 4");
    await redis.hset(keys.items(ids.busy, 3), "s0", "C", "s1", "C", "s2", "C", "s3", "C");
  }],
  ["WAITS_WRONG", "one thing too many to wait for", () => redis.hset(w("busy"), "o4", "3")],
  ["WAITS_WRONG", "something to wait for of a task that runs", () => redis.hset(w("busy"), "o0", "1")],
  ["WAITS_WRONG", "an external key that came and released nobody", () => redis.hset(w("outside"), "o0", "2")],
  ["LOG_WRONG", "a hole in the log", () => redis.lset(keys.events(ids.busy), 1, "900 1\nb")],
  ["LOG_WRONG", "a log that is cut", () => redis.rpop(keys.events(ids.busy))],
  ["LOG_WRONG", "a seq that runs ahead", () => redis.hincrby(w("busy"), "seq", 1)],
  ["LOG_END_WRONG", "an end in the log of an open workflow", async () => {
    const seq = await redis.hincrby(w("busy"), "seq", 1);
    await redis.hincrby(w("busy"), "ev", 1);
    await redis.rpush(keys.events(ids.busy), `${seq} 1\nE C -`);
  }],
  ["FEED_WRONG", "an entry that it was not told of", async () => redis.xdel(keys.feed, ((await redis.xrevrange(keys.feed, "+", "-")).find(([, [, text]]) => (text as string).includes(ids.busy)) as [string, string[]])[0])],
  ["FEED_WRONG", "an entry that it was told of twice", () => redis.xadd(keys.feed, "*", "e", `${ids.busy} 0`)],
  ["FEED_WRONG", "a line that means nothing", () => redis.xadd(keys.feed, "*", "e", "what")],
  ["INDEX_WRONG", "a workflow that is in no list", () => redis.zrem(keys.index("default", "all"), ids.busy)],
  ["INDEX_WRONG", "a workflow in the list of another status", () => redis.zadd(keys.index("default", "F"), 1, ids.busy)],
  ["INDEX_WRONG", "another time of submission", () => redis.zadd(keys.index("default", "all"), 1, ids.busy)],
  ["INDEX_WRONG", "a list with a workflow that is gone", () => redis.zadd(keys.index("default", "all"), 1, `s0-${"0".repeat(26)}`)],
  ["INDEX_WRONG", "a tenant that nobody knows", () => redis.del(keys.tenants)],
  ["IDEMPOTENCY_WRONG", "a key of a workflow that is gone", async () => redis.hset(await byContent(":idem:"), "id", `s0-${"0".repeat(26)}`)],
  ["IDEMPOTENCY_WRONG", "a workflow whose key is gone", async () => redis.del(await byContent(":idem:"))],
  ["DEFINITION_USES_WRONG", "a use too many", async () => redis.hincrby(await byContent(":d:"), "uses", 1)],
  ["REGISTRY_WRONG", "a version that was never stored", async () => redis.hincrby(await byContent(":rv:"), "n", 1)],
  ["LOAD_WRONG", "a load that leaks", () => redis.hincrby(keys.load, "X", 1)],
  ["UNIT_NOT_QUEUED", "lanes that are lost", async () => redis.del(...(await lanes()))],
  ["LANE_NOT_NOTED", "a list of lanes that is lost", () => redis.del(keys.lanes)],
  ["LANE_MALFORMED", "a foreign entry", async () => redis.rpush((await lanes())[0] as string, "x")],
  ["TIMER_MALFORMED", "a foreign timer", () => redis.zadd(keys.timers, 1, "Q 1")],
  ["TIMER_MISSING", "a delay without its timer", async () => redis.zrem(keys.timers, await timer("D"))],
  ["TIMER_MISSING", "a retry without its timer", async () => redis.zrem(keys.timers, await timer("R"))],
  ["TIMER_MISSING", "an attempt without its timeout", async () => redis.zrem(keys.timers, await timer("T"))],
  ["TIMER_MISSING", "a lease without its timer", async () => redis.zrem(keys.timers, `L ${await leaseOf("0")}`)],
  ["TIMER_STALE", "a retry of a task that has ended", () => redis.zadd(keys.timers, 1, `R ${ids.ended} 0 - 2`)],
  ["TIMER_STALE", "a delay of a unit that does not wait", () => redis.zadd(keys.timers, 1, `D ${ids.busy} 3 r1 1`)],
  ["TIMER_STALE", "a timeout of an instance that is gone", () => redis.zadd(keys.timers, 1, `T ${ids.busy} 5@3.7 r0 1`)],
  ["TIMER_STALE", "a timer of a lease that is gone", () => redis.zadd(keys.timers, 1, "L 999")],
  ["RETENTION_WRONG", "an ended workflow that stays for ever", async () => redis.zrem(keys.timers, await timer("X"))],
  ["RETENTION_WRONG", "an open workflow that is removed", () => redis.zadd(keys.timers, 1, `X ${ids.busy}`)],
  ["LEASE_MISSING", "a unit that no lease names", async () => redis.hdel(keys.leases, await leaseOf("0"))],
  ["LEASE_COUNT_WRONG", "a lease that counts too many", async () => redis.hset(keys.leases, `${await leaseOf("3:r0")}n`, "5")],
  ["LEASE_COUNT_WRONG", "a count without a lease", () => redis.hset(keys.leases, "999n", "1")],
  ["LEASE_STALE", "a lease under which nothing runs", () => redis.hset(keys.leases, "999", `w1\n${ids.ended} 0 -`)],
  ["WORKERS_WRONG", "a note without a time", () => redis.hset(keys.workers, "ghost", "1 {}")],
  ["WORKERS_WRONG", "a time without a note", () => redis.zadd(keys.workersAlive, 1, "ghost")],
];

test.each(CORRUPTIONS)("%s: %s", async (code, _what, corrupt) => {
  await corrupt();
  expect(await codes()).toContain(code);
});

test("of a deployment at work only what a second look finds as well is told", async () => {
  await redis.hincrby(keys.load, "X", 1);
  await redis.set(`${keys.prefix}zz:1`, "1");
  const told = confirmedFindings(new RedisReads(redis), keyPrefix, 1, 300);
  expect((await fsck(new RedisReads(redis), keyPrefix, 1)).map(({ code }) => code)).toEqual(["KEY_UNKNOWN", "LOAD_WRONG"]);
  await redis.hincrby(keys.load, "X", -1);
  expect((await told).map(({ code }) => code)).toEqual(["KEY_UNKNOWN"]);
});

test("every kind of finding has something put wrong above, or where a group is expanded", () => {
  expect([...new Set(CORRUPTIONS.map(([code]) => code)), "INSTANCE_WRONG"].sort()).toEqual(Object.keys(FINDING_KINDS).sort());
});
