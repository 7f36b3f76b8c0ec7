/** Starts the one Redis that all tests of a run share, and tells them where it is. */

import type { TestProject } from "vitest/node";
import { startTestRedis } from "./redisServer.js";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startTestRedis();
  project.provide("redis", { url: redis.url, port: redis.port, path: redis.path });
  // For code that runs in processes which the tests start.
  process.env.FANWIRE_TEST_REDIS = redis.url;
  return () => redis.stop();
}
