/** A Redis that may drop keys is refused at the start, before anything is accepted. */

import { expect, test } from "vitest";
import { startTestRedis } from "../support/redisServer.js";
import { startTestNode } from "../support/testNode.js";

test.each(["allkeys-lru", "volatile-ttl"])("with maxmemory-policy %s nothing starts, and the message says what to set", async (policy) => {
  const redis = await startTestRedis({ extra: { "maxmemory-policy": policy } });
  try {
    await expect(startTestNode({ redisUrl: redis.url })).rejects.toThrow(/noeviction/);
  } finally {
    await redis.stop();
  }
});
