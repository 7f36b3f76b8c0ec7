/** A short-lived Redis connection for tests that ask a question or two. */

import { Redis } from "ioredis";

/** Runs commands on a connection of its own and closes it. */
export async function withRedis<T>(address: { path: string } | { port: number }, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ ...address, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on("error", () => {});
  await redis.connect();
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
