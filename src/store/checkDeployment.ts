/** Looks, before anything is stored, whether this Redis and this configuration can keep what the product promises. */

import type { Redis as Server } from "ioredis";
import { primariesOf, type Redis } from "./connect.js";
import { FanwireError } from "../errors.js";

/**
 * The number of shards is fixed by the first process that starts; keys may never be evicted.
 * @throws FanwireError INVALID_VALUE
 */
export async function checkDeployment(redis: Redis, keyPrefix: string, shards: number): Promise<void> {
  const meta = `${keyPrefix}:meta`;
  await redis.hsetnx(meta, "shards", String(shards));
  const stored = Number(await redis.hget(meta, "shards"));
  if (stored !== shards) {
    throw new FanwireError("INVALID_VALUE", `This deployment has ${stored} shards, fixed when it first started; SHARDS says ${shards}`, { retryable: false });
  }
  for (const policy of await Promise.all(primariesOf(redis).map(evictionPolicy))) {
    if (policy === undefined || policy === "noeviction") continue;
    throw new FanwireError("INVALID_VALUE", `Redis may evict keys (maxmemory-policy ${policy}), which would lose workflows; set it to noeviction`, { retryable: false });
  }
}

/** Undefined when Redis does not tell, as hosted ones may not. */
async function evictionPolicy(server: Server): Promise<string | undefined> {
  try {
    const [, policy] = (await server.config("GET", "maxmemory-policy")) as string[];
    return policy;
  } catch {
    return undefined;
  }
}
