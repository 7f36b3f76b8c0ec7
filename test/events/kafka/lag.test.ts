/** How far the events to Kafka are behind is told exactly, and asking costs the same however far that is. */

import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Feed } from "../../../src/events/Feed.js";
import { KafkaBridge, type KafkaBridgeServices } from "../../../src/events/kafka/KafkaBridge.js";
import { KafkaClient } from "../../../src/events/kafka/KafkaClient.js";
import { bridgeTopics } from "../../../src/events/kafka/topics.js";
import { silentLog } from "../../../src/runtime/log.js";
import { ShardKeys } from "../../../src/store/keys.js";
import { RedisBridge } from "../../../src/store/RedisBridge.js";
import { Scripts } from "../../../src/store/scripts.js";
import { startTestRedis, type TestRedis } from "../../support/redisServer.js";
import { testPrefix } from "../../support/testNode.js";

const STEPS = 25_000;
const MOST_BYTES = 20_000;
const shards = new ShardKeys(testPrefix(), 1);
let server: TestRedis;
let redis: Redis;
let lag: () => Promise<{ lag: number; lagMs: number } | undefined>;

beforeAll(async () => {
  server = await startTestRedis();
  redis = new Redis(server.url);
  const bridge = new RedisBridge(redis, shards, new Scripts(redis), 60_000);
  // It is only asked, and never started.
  const client = new KafkaClient({ brokers: ["127.0.0.1:1"], tls: false }, silentLog);
  const services = { client, topics: bridgeTopics("none"), bridge, feed: new Feed(redis, shards), log: silentLog } as unknown as KafkaBridgeServices;
  const kafka = new KafkaBridge(services);
  lag = async () => (await kafka.state()).relays[0];
});
afterAll(async () => {
  await redis.quit();
  await server.stop();
});

test("of tens of thousands of steps, none of them carried, one, or all", async () => {
  const { feed, relay } = shards.of(0);
  expect(await lag()).toMatchObject({ lag: 0, lagMs: 0 });
  const pipeline = redis.pipeline();
  for (let step = 1; step <= STEPS; step++) pipeline.xadd(feed, `${step}-0`, "e", `s0-${"0".repeat(26)} ${step}`.padEnd(200));
  await pipeline.exec();
  expect(await cheaply(lag)).toMatchObject({ lag: STEPS });
  await redis.hset(relay, { at: "1-0", passed: "1" });
  expect(await cheaply(lag)).toMatchObject({ lag: STEPS - 1 });
  // What was cut off is not carried from the feed any more.
  await redis.xtrim(feed, "MAXLEN", 20_000);
  expect(await cheaply(lag)).toMatchObject({ lag: 20_000 });
  await redis.hset(relay, { at: `${STEPS}-0`, passed: String(STEPS) });
  expect(await cheaply(lag)).toMatchObject({ lag: 0, lagMs: 0 });
});

/** Asks, and looks at what Redis sent for it. */
async function cheaply<T>(ask: () => Promise<T>): Promise<T> {
  const sent = async (): Promise<number> => Number(/total_net_output_bytes:(\d+)/.exec(await redis.info("stats"))?.[1]);
  const before = await sent();
  const answer = await ask();
  expect((await sent()) - before).toBeLessThan(MOST_BYTES);
  return answer;
}
