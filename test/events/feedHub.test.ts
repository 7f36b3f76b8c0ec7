/** Subscriptions at the head of a feed share one reader; whoever is slower reads for itself, and a lost doorbell is a delay. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { EventLog, type LogAccess } from "../../src/events/EventLog.js";
import { EventMatcher } from "../../src/events/eventFilter.js";
import { Feed, type FeedStep } from "../../src/events/Feed.js";
import { FeedEvents } from "../../src/events/FeedEvents.js";
import { FeedHub } from "../../src/events/FeedHub.js";
import { FeedIterator, type FeedReadOptions } from "../../src/events/FeedIterator.js";
import type { FanwireNode } from "../../src/main.js";
import { Keys, ShardKeys, shardPrefix } from "../../src/store/keys.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import type { Plan } from "../../src/workflow/plan.js";
import { oneGroup, task } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectAllOf, take } from "./feedReader.js";

const keyPrefix = testPrefix();
const shards = new ShardKeys(keyPrefix, 1);
const keys = new Keys(shardPrefix(keyPrefix, 0));
const definition = oneGroup(...Array.from({ length: 10 }, (_, i) => task(`t${i}`, i === 0 ? {} : { after: [`t${i - 1}`] })));
let node: FanwireNode;
let hub: FeedHub;

beforeAll(async () => { node = await startTestNode({ config: { keyPrefix } }); });
afterEach(() => hub.stop());
afterAll(() => node.stop());

/** The real feed, with its reads counted, and at times not answering. */
class CountedFeed extends Feed {
  reads = 0;
  broken: Error | undefined;

  override read(shard: number, afterId: string, count: number): Promise<FeedStep[]> {
    this.reads++;
    return this.broken ? Promise.reject(this.broken) : super.read(shard, afterId, count);
  }
}

/** The real log, with its reads of entries counted. */
class CountedLog extends EventLog {
  entries = 0;

  override entry(workflowId: string, entry: number, plan: Plan): Promise<WorkflowEvent[] | undefined> {
    this.entries++;
    return super.entry(workflowId, entry, plan);
  }
}

interface Parts { feed: CountedFeed; log: CountedLog; follow(options?: FeedReadOptions): FeedIterator }

/** What a process has of the feed, without the engine around it. @param pollMs so long that it never comes, unless a test is about it */
function parts(pollMs = 600_000): Parts {
  const plan = compilePlan(definition);
  const access: LogAccess = {
    logKey: (id) => keys.events(id), head: () => Promise.resolve(undefined), plan: () => Promise.resolve(plan), identifiers: () => Promise.resolve([]),
    itemResults: () => Promise.resolve([]), instanceIdentifier: () => Promise.resolve(undefined), taskResult: () => Promise.resolve(undefined),
  };
  const feed = new CountedFeed(node.redis, shards);
  const log = new CountedLog(node.redis, access);
  const ours = new FeedHub(feed, pollMs);
  const events = new FeedEvents(log, {
    identity: async (id) => ((await node.redis.exists(keys.workflow(id))) ? { tenant: CALLER.tenant, name: "w", sessionId: "s", labels: {}, hash: plan.hash } : undefined),
    planByHash: () => Promise.resolve(plan),
  });
  hub = ours;
  return { feed, log, follow: (options = {}) => new FeedIterator(new EventMatcher(CALLER.tenant, {}), options, ours, events) };
}

async function submit(): Promise<string> {
  return (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string;
}

async function ended(id: string): Promise<string> {
  await finished(node, id);
  return id;
}

/** The newest step is in the memory that all share, so where subscriptions made before begin is settled as well. */
async function atHead(): Promise<void> {
  await waitFor(async () => Array.isArray(hub.after(0, (await node.redis.xrevrange(keys.feed, "+", "-", "COUNT", 1))[0]?.[0] ?? "0-0", 1)), { what: "the head of the feed" });
}

test("fifty subscriptions at the head cost as many reads as one", async () => {
  const cost = async (count: number): Promise<{ reads: number; entries: number }> => {
    const { feed, log, follow } = parts();
    const subscriptions = Array.from({ length: count }, () => follow());
    await atHead();
    const taken = Promise.all(subscriptions.map((subscription) => take(subscription, { ends: 3 })));
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push(await ended(await submit()));
      hub.ring(0);
    }
    for (const seen of await taken) await expectAllOf(node, ids, seen);
    hub.stop();
    return { reads: feed.reads, entries: log.entries };
  };
  const one = await cost(1);
  const fifty = await cost(50);
  expect(one.entries).toBeGreaterThanOrEqual(30);
  expect(fifty.entries).toBeLessThan(one.entries * 2);
  expect(fifty.reads).toBeLessThan(one.reads + 25);
});

test("doorbells do not make a subscription read on: until it is asked, a page is all that it holds", async () => {
  const { log, follow } = parts();
  const subscription = follow();
  await atHead();
  const first = subscription.next();
  const ids = [await submit()];
  hub.ring(0);
  const { value } = (await first) as IteratorYieldResult<WorkflowEvent>;
  const held = log.entries;
  for (let i = 0; i < 20; i++) ids.push(await submit());
  await Promise.all(ids.map(ended));
  for (let ring = 0; ring < 1_000; ring++) hub.ring(0);
  await node.events.readEvents(ids[0] as string, 1);
  expect(log.entries).toBe(held);
  await expectAllOf(node, ids, [value, ...(await take(subscription, { ends: ids.length }))]);
  expect(log.entries).toBeGreaterThan(held + 100);
});

test("who falls behind what the process keeps reads for itself, and misses nothing", async () => {
  const { feed, follow } = parts();
  const [slow, quick] = [follow(), follow()];
  await atHead();
  const start = await feed.lastId(0);
  const ids = [await ended(await submit())];
  hub.ring(0);
  // Of workflows that are gone, and more than is kept.
  const gone = Array.from({ length: 100 }, (_, i) => `s0-${"0".repeat(26)} ${i}`).join("\n");
  for (let step = 0; step < 150; step++) void node.redis.xadd(keys.feed, "*", "e", gone);
  ids.push(await ended(await submit()));
  hub.ring(0);
  await expectAllOf(node, ids, await take(quick, { ends: 2 }));
  await atHead();
  expect(hub.after(0, start, 1)).toBeInstanceOf(Promise);
  const before = feed.reads;
  await expectAllOf(node, ids, await take(slow, { ends: 2 }));
  expect(feed.reads).toBeGreaterThan(before);
});

test("without a single ring everything comes, at the next look", async () => {
  const { follow } = parts(20);
  const taken = [follow(), follow()].map((subscription) => take(subscription, { ends: 2 }));
  await atHead();
  const ids = [await ended(await submit()), await ended(await submit())];
  for (const seen of await Promise.all(taken)) await expectAllOf(node, ids, seen);
});

test("a read that fails is a delay for those at the head", async () => {
  const { feed, follow } = parts();
  const subscription = follow();
  await atHead();
  const taken = take(subscription, { ends: 1 });
  feed.broken = new Error("no answer");
  const id = await ended(await submit());
  const before = feed.reads;
  hub.ring(0);
  await waitFor(() => feed.reads > before, { what: "a read that fails" });
  feed.broken = undefined;
  hub.ring(0);
  await expectAllOf(node, [id], await taken);
});

test("a closed subscription is watched by nobody any more, also while it waits", async () => {
  const { follow } = parts();
  const subscriptions = [follow(), follow(), follow()];
  await atHead();
  expect(hub.watched).toBe(3);
  const waiting = subscriptions.map((subscription) => subscription.next());
  await Promise.all(subscriptions.map((subscription) => subscription.return()));
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ value: undefined, done: true })));
  expect(hub.watched).toBe(0);
});
