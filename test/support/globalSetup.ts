/** Starts the one Redis that all tests of a run share, and tells them where it is; a Kafka is started by the first file that needs it. */

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { stopSharedKafka } from "./kafkaServer.js";
import { startTestRedis } from "./redisServer.js";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startTestRedis();
  project.provide("redis", { url: redis.url, port: redis.port, path: redis.path });
  const kafkaDirectory = await mkdtemp(join(tmpdir(), "fanwire-kafka-shared-"));
  project.provide("kafkaDirectory", kafkaDirectory);
  // For code that runs in processes which the tests start.
  process.env.FANWIRE_TEST_REDIS = redis.url;
  return async () => {
    await stopSharedKafka(kafkaDirectory);
    await redis.stop();
  };
}
