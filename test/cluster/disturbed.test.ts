/** Redis Cluster disturbed under load: slots that move, primaries that are killed. Nothing that was accepted is lost, nothing comes twice. */

import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Config } from "../../src/config.js";
import type { FanwireNode } from "../../src/main.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { slow } from "../faults/handlers.js";
import { expectNothingLeft } from "../faults/checks.js";
import { slotOf, startTestCluster, type TestCluster } from "../support/redisCluster.js";
import { withRedis } from "../support/withRedis.js";
import type { TestRedis } from "../support/redisServer.js";
import { startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { Load } from "./load.js";

const SHARDS = 6;
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster({ aof: "always" });
});
afterAll(() => cluster?.stop());

async function startNodes(keyPrefix: string, redisUrl = cluster.url, more: Partial<Config> = {}): Promise<FanwireNode[]> {
  return Promise.all([0, 1].map(() => startTestNode({ redisUrl, handlers: [slow], config: { keyPrefix, shards: SHARDS, leaseMs: 2_000, ...more } })));
}

/** The master that has a shard. */
async function homeOf(keyPrefix: string, shard: number, { masters } = cluster): Promise<{ slot: number; home: TestRedis; other: TestRedis }> {
  const slot = await slotOf(masters[0] as TestRedis, new Keys(shardPrefix(keyPrefix, shard)).timers);
  const owners = await Promise.all(masters.map((master) => withRedis(master, async (redis) => redis.call("CLUSTER", "COUNTKEYSINSLOT", String(slot)))));
  const at = owners.findIndex((count) => Number(count) > 0);
  return { slot, home: masters[at] as TestRedis, other: masters[(at + 1) % masters.length] as TestRedis };
}

test("slots move from node to node while their workflows run", async () => {
  const keyPrefix = testPrefix();
  const nodes = await startNodes(keyPrefix);
  const load = new Load(nodes, 16);
  await load.more(20);
  for (let shard = 0; shard < SHARDS; shard += 2) {
    const { slot, home, other } = await homeOf(keyPrefix, shard);
    await cluster.moveSlot(slot, home, other, () => load.more(10));
    await load.more(10);
  }
  await load.stop();
  await load.expectAllThere();
  await expectNothingLeft(nodes[0] as FanwireNode, keyPrefix);
  await Promise.all(nodes.map((node) => node.stop(0)));
}, 60_000);

test("a master that is killed and started again is waited for, and the other shards go on", async () => {
  const keyPrefix = testPrefix();
  const nodes = await startNodes(keyPrefix);
  const load = new Load(nodes, 30);
  await load.more(20);
  const { home } = await homeOf(keyPrefix, 0);
  const before = new Set(load.accepted.values());
  await home.kill9();
  await waitFor(() => [...load.accepted.values()].filter((id) => !before.has(id) && load.seen.has(id)).length >= 5, { what: "new workflows of other shards to end" });
  expect(await (nodes[0] as FanwireNode).ready()).toBe(false);
  await home.restart();
  await waitFor(() => (nodes[0] as FanwireNode).ready(), { what: "the shards of the master to be back" });
  await load.more(20);
  await load.stop();
  await load.expectAllThere();
  await expectNothingLeft(nodes[0] as FanwireNode, keyPrefix);
  await Promise.all(nodes.map((node) => node.stop(0)));
}, 60_000);

test("with REDIS_DURABILITY=replicated the replica of a killed master goes on with all that was acknowledged and seen", async () => {
  const pairs = await startTestCluster({ replicas: 1 });
  onTestFinished(() => pairs.stop());
  const keyPrefix = testPrefix();
  const nodes = await startNodes(keyPrefix, pairs.url, { redisDurability: "replicated" });
  onTestFinished(async () => { await Promise.all(nodes.map((node) => node.stop(0))); });
  const load = new Load(nodes, 12);
  await load.more(20);
  const { home } = await homeOf(keyPrefix, 0, pairs);
  const replica = pairs.replicas[pairs.masters.indexOf(home)] as TestRedis;
  await home.kill9();
  await waitFor(async () => (await withRedis(replica, (redis) => redis.info("replication"))).includes("role:master"), { what: "the replica to be the master", timeoutMs: 15_000, intervalMs: 50 });
  // Nothing counts as accepted there until it has a replica, too: the one that was killed becomes that.
  expect(await (nodes[0] as FanwireNode).ready()).toBe(false);
  await home.restart();
  await waitFor(() => (nodes[0] as FanwireNode).ready(), { what: "the new master's writes to be on a replica", timeoutMs: 15_000 });
  await load.more(20);
  await load.stop();
  await load.expectAllThere();
  await expectNothingLeft(nodes[0] as FanwireNode, keyPrefix);
}, 60_000);
