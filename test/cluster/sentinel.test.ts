/** Behind Sentinel: with REDIS_DURABILITY=replicated a failover takes nothing back that was acknowledged or shown; otherwise it takes the newest, and says so. */

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Config } from "../../src/config.js";
import type { FanwireNode } from "../../src/main.js";
import { slow } from "../faults/handlers.js";
import { expectNothingLeft } from "../faults/checks.js";
import { TestSentinels } from "../support/redisSentinel.js";
import { startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { withRedis } from "../support/withRedis.js";
import { Load } from "./load.js";

let sentinels: TestSentinels;
let nodes: FanwireNode[];
let keyPrefix: string;

beforeEach(async () => {
  nodes = [];
  sentinels = new TestSentinels();
  await sentinels.start();
  keyPrefix = testPrefix();
});
// Nodes whose Redis takes no writes hand back for as long as they try; what has been started must end all the same.
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop(0)));
  await sentinels.stop();
}, 90_000);

async function startNodes(redisDurability: Config["redisDurability"]): Promise<void> {
  nodes = await Promise.all([0, 1].map(() => startTestNode({ redisUrl: sentinels.url, handlers: [slow], config: { keyPrefix, leaseMs: 2_000, redisDurability } })));
}

/** From now on the replica gets nothing; resolves when the primary has written much by itself. */
async function holdReplica(): Promise<void> {
  sentinels.link.blackHole = true;
  const written = async (): Promise<number> => withRedis(await sentinels.primary(), async (redis) => Number(/master_repl_offset:(\d+)/.exec(await redis.info("replication"))?.[1]));
  const offset = await written();
  await waitFor(async () => (await written()) > offset + 5_000, { what: "the primary to write what no replica has" });
}

async function ready(isReady: boolean): Promise<void> {
  await waitFor(async () => (await (nodes[0] as FanwireNode).ready()) === isReady, { what: isReady ? "writes to be taken" : "writes to be held", timeoutMs: 20_000 });
}

test("what was acknowledged and seen is there when the primary was killed, and when the next one was frozen", async () => {
  await startNodes("replicated");
  const load = new Load(nodes);
  await load.more(12);
  // Whatever the primary does alone, nobody may hear of.
  await holdReplica();
  await ready(false);
  const first = await sentinels.killPrimary();
  // The new primary has no replica, so nothing counts as accepted yet.
  await ready(false);
  await sentinels.startAsReplica(first.old, first.primary);
  await ready(true);
  await load.more(12);
  // Nothing ends the connections to this one.
  const second = await sentinels.freezePrimary();
  await sentinels.addReplica(second.primary);
  await load.more(12);
  await load.stop();
  await load.expectAllThere();
  await expectNothingLeft(nodes[0] as FanwireNode, keyPrefix);
}, 60_000);

test("without waiting for replicas a failover loses the newest writes, and nothing else: who saw them is told, and nothing is mixed", async () => {
  await startNodes("everysec");
  const load = new Load(nodes, 6, true);
  await load.more(12);
  await holdReplica();
  await sentinels.killPrimary();
  await load.more(12);
  await load.stop();
  expect(load.lost.size).toBeGreaterThan(0);
  // Of some only the end is gone, of others there is nothing left.
  expect([...load.lost.values()].filter((code) => code !== "CURSOR_AHEAD" && code !== "CURSOR_EXPIRED" && code !== "NOT_FOUND")).toEqual([]);
  await load.expectNothingMixed();
  await expectNothingLeft(nodes[0] as FanwireNode, keyPrefix);
}, 60_000);
