/** Behind Sentinel, with REDIS_DURABILITY=replicated: a failover takes nothing back that was acknowledged or shown. */

import { afterEach, beforeEach, test } from "vitest";
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
  sentinels = new TestSentinels();
  await sentinels.start();
  keyPrefix = testPrefix();
  nodes = await Promise.all([0, 1].map(() => startTestNode({
    redisUrl: sentinels.url, handlers: [slow], config: { keyPrefix, leaseMs: 2_000, redisDurability: "replicated" },
  })));
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop(0)));
  await sentinels.stop();
});

async function ready(isReady: boolean): Promise<void> {
  await waitFor(async () => (await (nodes[0] as FanwireNode).ready()) === isReady, { what: isReady ? "writes to be taken" : "writes to be held", timeoutMs: 20_000 });
}

test("what was acknowledged and seen is there when the primary was killed, and when the next one was frozen", async () => {
  const load = new Load(nodes);
  await load.more(12);
  // From here on the replica gets nothing: whatever the primary does alone, nobody may hear of.
  sentinels.link.blackHole = true;
  const written = async (): Promise<number> => withRedis(await sentinels.primary(), async (redis) => Number(/master_repl_offset:(\d+)/.exec(await redis.info("replication"))?.[1]));
  const offset = await written();
  await waitFor(async () => (await written()) > offset + 5_000, { what: "the primary to write what no replica has" });
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
