/** The feed tells of every entry of every log, once and in order; what it no longer has is an error, never a gap. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { Feed, FEED_START, type FeedEntry } from "../../src/events/Feed.js";
import type { FanwireNode } from "../../src/main.js";
import { ShardKeys } from "../../src/store/keys.js";
import { DEFAULT_FEED_LENGTH } from "../../src/store/scripts.js";
import { SETTINGS } from "../../src/settings.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";

const SHARDS = 2;
const keyPrefix = testPrefix();
const shards = new ShardKeys(keyPrefix, SHARDS);
let node: FanwireNode;
let feed: Feed;

beforeAll(async () => {
  node = await startTestNode({ config: { keyPrefix, shards: SHARDS, feedLength: 1_000 } });
  feed = new Feed(node.redis, shards);
  const many = oneGroup(
    task("a", { handler: "fail", input: { untilAttempt: 2, result: 1 }, retry: retry({ initialDelayMs: 10, jitter: false }) }),
    task("each", { input: "{{ x }}", expansion: expansion({ array: { x: "[1..30]" } }) }),
    task("bad", { handler: "fail", input: { code: "BAD", retryable: false, untilAttempt: 2, result: 2 } }), task("last", { after: ["each"] }),
  );
  const ids = await Promise.all(Array.from({ length: 20 }, async (_, i) => (await node.engine.submitWorkflow(CALLER, { definition: many, idempotencyKey: `k${i}` })).workflowId as string));
  await Promise.all(ids.map((id) => finished(node, id)));
  await node.engine.retryWorkflow(CALLER, ids[0] as string);
  const held = (await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("s", { handler: "signal" })) })).workflowId as string;
  await node.engine.pauseWorkflow(CALLER, held);
  await node.engine.resumeWorkflow(CALLER, held);
  await node.engine.cancelWorkflow(CALLER, held);
  await Promise.all([ids[0] as string, held].map((id) => finished(node, id)));
});
afterAll(() => node.stop());

async function stepsOf(shard: number, count = 10_000): Promise<{ id: string; entries: FeedEntry[] }[]> {
  const all = await feed.read(shard, FEED_START, count);
  for (;;) {
    const page = await feed.read(shard, all.at(-1)?.id ?? FEED_START, count);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

test("every entry of every log stands in its shard's feed, once and in the log's order", async () => {
  let workflows = 0;
  for (let shard = 0; shard < SHARDS; shard++) {
    const told = new Map<string, number[]>();
    for (const { workflowId, entry } of (await stepsOf(shard)).flatMap(({ entries }) => entries)) told.set(workflowId, [...(told.get(workflowId) ?? []), entry]);
    for (const [id, entries] of told) expect(entries).toEqual(Array.from({ length: await node.redis.llen(shards.of(shard).events(id)) }, (_, i) => i));
    const known = await node.redis.zrange(shards.of(shard).index(CALLER.tenant, "all"), 0, -1);
    expect([...told.keys()].sort()).toEqual(known.sort());
    workflows += told.size;
  }
  expect(workflows).toBe(21);
});

test("a call that writes to several logs makes one step", async () => {
  const steps = [...(await stepsOf(0)), ...(await stepsOf(1))];
  expect(steps.some(({ entries }) => new Set(entries.map(({ workflowId }) => workflowId)).size > 1)).toBe(true);
});

test("from any step, in pages of any size, come exactly those behind it", async () => {
  const all = await stepsOf(0);
  expect(await stepsOf(0, 3)).toEqual(all);
  for (const [i, { id }] of all.entries()) expect(await feed.read(0, id, 5)).toEqual(all.slice(i + 1, i + 6));
  expect([await feed.firstId(0), await feed.lastId(0)]).toEqual([all[0]?.id, all.at(-1)?.id]);
});

/** A feed of its own, with steps that nobody's workflows made. */
async function otherFeed(name: string, steps: number): Promise<{ feed: Feed; key: string; ids: string[] }> {
  const keys = new ShardKeys(`${keyPrefix}${name}`, 1);
  const key = keys.of(0).feed;
  const ids: string[] = [];
  for (let i = 1; i <= steps; i++) ids.push((await node.redis.xadd(key, `${1_000 + i}-0`, "e", `s0-${"0".repeat(26)} ${i}`)) as string);
  return { feed: new Feed(node.redis, keys), key, ids };
}

test("a feed that nothing was ever told has no steps, and is no error", async () => {
  const { feed: empty } = await otherFeed("empty", 0);
  expect([await empty.read(0, FEED_START, 10), await empty.lastId(0), await empty.firstId(0)]).toEqual([[], FEED_START, undefined]);
});

test("behind steps that were cut off nothing is read: CURSOR_EXPIRED, and the oldest step that is kept can still be read on from", async () => {
  const { feed: cut, key, ids } = await otherFeed("cut", 300);
  await node.redis.xtrim(key, "MAXLEN", 50);
  for (const after of [FEED_START, ids[0], ids[200]]) await expect(cut.read(0, after as string, 10)).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
  expect((await cut.read(0, ids[250] as string, 100)).map(({ id }) => id)).toEqual(ids.slice(251));
  expect(await cut.firstId(0)).toBe(ids[250]);
});

test("a step that the store has lost is CURSOR_AHEAD, also when others have come since", async () => {
  const { feed: lost, key, ids } = await otherFeed("lost", 20);
  await node.redis.copy(key, `${key}x`);
  const newest = (await node.redis.xadd(key, "1030-0", "e", `s0-${"0".repeat(26)} 1`)) as string;
  // As after a crash that lost the last write: the feed is as it was before.
  await node.redis.rename(`${key}x`, key);
  await expect(lost.read(0, newest, 10)).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
  await node.redis.xadd(key, "1040-0", "e", `s0-${"0".repeat(26)} 2`);
  await expect(lost.read(0, newest, 10)).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
  expect(await lost.read(0, ids.at(-1) as string, 10)).toHaveLength(1);
  await node.redis.del(key);
  await expect(lost.read(0, newest, 10)).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
});

test("what is older than the retention goes, but never the newest step", async () => {
  const { feed: old, ids } = await otherFeed("old", 500);
  await old.trim(0, 1_000);
  expect(await old.firstId(0)).toBe(ids[0]);
  await old.trim(0, 1_400);
  expect((await old.firstId(0))?.localeCompare(ids[0] as string)).toBe(1);
  expect(await old.read(0, ids[399] as string, 1_000)).toHaveLength(100);
  await old.trim(0, Date.now());
  expect(await old.read(0, ids.at(-1) as string, 10)).toEqual([]);
  expect(await old.firstId(0)).toBeDefined();
});

test("a step cuts the feed to about the configured length", async () => {
  const feedLength = 1_000;
  const before = await feed.lastId(1);
  const [ms] = before.split("-").map(Number) as [number];
  for (let i = 1; i <= 3 * feedLength; i++) void node.redis.xadd(shards.of(1).feed, `${ms}-${1_000 + i}`, "e", `s1-${"0".repeat(26)} ${i}`);
  while ((await feed.lastId(1)).startsWith(`${ms}-`)) await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("a")) });
  const length = await node.redis.xlen(shards.of(1).feed);
  expect(length).toBeGreaterThanOrEqual(feedLength);
  // The rest of a node, at most.
  expect(length).toBeLessThan(feedLength + 300);
  await expect(feed.read(1, before, 10)).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
});

test("the default length is one number, wherever it stands", () => {
  expect(SETTINGS.find(({ field }) => field === "feedLength")?.defaultText).toBe(String(DEFAULT_FEED_LENGTH));
});
