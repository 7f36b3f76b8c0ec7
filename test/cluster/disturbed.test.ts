/** Redis Cluster disturbed under load: slots that move, primaries that are killed. Nothing that was accepted is lost, nothing comes twice. */

import { afterAll, beforeAll, expect, test } from "vitest";
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

async function startNodes(keyPrefix: string): Promise<FanwireNode[]> {
  return Promise.all([0, 1].map(() => startTestNode({ redisUrl: cluster.url, handlers: [slow], config: { keyPrefix, shards: SHARDS, leaseMs: 2_000 } })));
}

/** The master that has a shard. */
async function homeOf(keyPrefix: string, shard: number): Promise<{ slot: number; home: TestRedis; other: TestRedis }> {
  const slot = await slotOf(cluster.masters[0] as TestRedis, new Keys(shardPrefix(keyPrefix, shard)).timers);
  const owners = await Promise.all(cluster.masters.map((master) => withRedis(master, async (redis) => redis.call("CLUSTER", "COUNTKEYSINSLOT", String(slot)))));
  const at = owners.findIndex((count) => Number(count) > 0);
  return { slot, home: cluster.masters[at] as TestRedis, other: cluster.masters[(at + 1) % cluster.masters.length] as TestRedis };
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
