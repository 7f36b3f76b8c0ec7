/** /metrics over HTTP: Prometheus' text format, numbers that are true, each documented, and an answer even when Redis is away. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { metricsText } from "../../src/api/metrics.js";
import { ShardKeys } from "../../src/store/keys.js";
import { bridgeTopics } from "../../src/events/kafka/topics.js";
import { readPage, tableRows } from "../docs/markdown.js";
import { sharedKafka, type TestKafka } from "../support/kafkaServer.js";
import { readTopic, sendTo } from "../support/kafkaTopic.js";
import { startTestRedis } from "../support/redisServer.js";
import { startTestServer, type TestServer } from "../support/testServer.js";
import { testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { connect, longDelay, submit } from "./graphqlClient.js";
import { EVENTS, reserve, StreamTalk } from "./streamTalk.js";

const kafka = await sharedKafka();

/** Values by name and labels, as they stand in the text. */
async function metricsOf(server: { url: string }): Promise<Record<string, number>> {
  const response = await fetch(new URL("/metrics", server.url));
  expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8", "no-store"]);
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]));
}

function untilMetrics(server: { url: string }, expected: Record<string, number>): Promise<unknown> {
  return waitFor(async () => {
    const found = await metricsOf(server);
    expect(found).toMatchObject(expected);
    return true;
  }, { what: JSON.stringify(expected), intervalMs: 100, timeoutMs: 20_000 });
}

test("the format: a help and a type for each name, labels escaped, nothing for a metric without values", () => {
  const text = metricsText([
    { name: "a", help: "One.", type: "gauge", values: [{ value: 1.5 }] }, { name: "none", help: "None.", type: "gauge", values: [] },
    { name: "b_total", help: "Two.", type: "counter", values: [{ value: 2, labels: { x: 'a"b\\c\nd', y: 0 } }, { value: 3, labels: { x: "", y: 1 } }] },
  ]);
  expect(text).toBe('# HELP a One.\n# TYPE a gauge\na 1.5\n# HELP b_total Two.\n# TYPE b_total counter\nb_total{x="a\\"b\\\\c\\nd",y="0"} 2\nb_total{x="",y="1"} 3\n');
});

describe("a server without Kafka", () => {
  let server: TestServer;
  beforeAll(async () => { server = await startTestServer({ config: { shards: 2 } }); });
  afterAll(() => server.stop());

  test("tells its sockets, streams and subscriptions as they come and go", async () => {
    const id = await submit(server, longDelay());
    const client = connect(server);
    const talk = await StreamTalk.open(server.url);
    await reserve(server.url);
    const stops = [0, 1].map(() => client.subscribe({ query: EVENTS, variables: { id } }, { next: () => undefined, error: () => undefined, complete: () => undefined }));
    await talk.operate("a", EVENTS, { id });
    await untilMetrics(server, { fanwire_websockets: 1, fanwire_event_streams: 1, fanwire_event_streams_reserved: 1, fanwire_subscriptions: 3, fanwire_subscription_executions: 1 });
    stops[0]?.();
    talk.close();
    await untilMetrics(server, { fanwire_websockets: 1, fanwire_event_streams: 0, fanwire_subscriptions: 1, fanwire_subscription_executions: 1 });
    await client.dispose();
    await untilMetrics(server, { fanwire_websockets: 0, fanwire_subscriptions: 0, fanwire_subscription_executions: 0 });
  });

  test("tells what waits and since when, by shard and queue", async () => {
    const handler = (queue: string): object => ({ definition: { name: "w", groups: [{ name: "g", tasks: [{ name: "a", handler: "nobody_serves_it", queue }] }] } });
    const id = await submit(server, handler("slow"));
    const shard = id.slice(1, id.indexOf("-"));
    await untilMetrics(server, { [`fanwire_ready{shard="${shard}",queue="slow"}`]: 1, [`fanwire_running{shard="${shard}",queue="slow"}`]: 0, fanwire_redis_up: 1 });
    const age = async (): Promise<number> => (await metricsOf(server))[`fanwire_oldest_ready_seconds{shard="${shard}",queue="slow"}`] as number;
    const first = await age();
    expect(first).toBeGreaterThanOrEqual(0);
    await waitFor(async () => (await age()) > first, { what: "it to grow older", intervalMs: 200 });
    expect(await age()).toBeLessThan(60);
  });

  test("nothing else than GET and HEAD", async () => {
    expect((await fetch(new URL("/metrics", server.url), { method: "HEAD" })).status).toBe(200);
    expect((await fetch(new URL("/metrics", server.url), { method: "POST" })).status).toBe(405);
  });
});

test("with Redis away it still tells what the process knows, in time", async () => {
  const redis = await startTestRedis();
  const server = await startTestServer({ redisUrl: redis.url });
  await untilMetrics(server, { fanwire_redis_up: 1 });
  await redis.kill9();
  await untilMetrics(server, { fanwire_redis_up: 0, fanwire_websockets: 0 });
  expect(Object.keys(await metricsOf(server)).some((name) => name.startsWith("fanwire_ready"))).toBe(false);
  await redis.restart();
  await untilMetrics(server, { fanwire_redis_up: 1 });
  await server.stop();
  await redis.stop();
}, 60_000);

describe.skipIf(!kafka)("a server with Kafka", () => {
  const keyPrefix = testPrefix();
  const topics = bridgeTopics(keyPrefix);
  const config = { keyPrefix, kafkaBrokers: kafka?.brokers, kafkaPrefix: keyPrefix };
  const relay = (name: string): string => `fanwire_kafka_${name}{shard="0"}`;

  test("tells commands, dead letters, and how far behind its relay is; every metric is documented as it is told", async () => {
    const results = await readTopic(kafka as TestKafka, topics.results);
    const first = await startTestServer({ config });
    const command = JSON.stringify({ id: "c1", command: "submitWorkflow", input: longDelay() });
    await sendTo(kafka as TestKafka, topics.commands, [{ key: "k", value: command }, { key: "k", value: "no json" }]);
    await waitFor(() => results.messages.length > 0, { what: "the outcome", timeoutMs: 25_000 });
    await sendTo(kafka as TestKafka, topics.commands, [{ key: "k", value: command }]);
    await untilMetrics(first, {
      fanwire_kafka_up: 1, fanwire_kafka_commands_consumed_total: 3, fanwire_kafka_commands_carried_out_total: 1, fanwire_kafka_commands_repeated_total: 1, fanwire_kafka_dead_letters_total: 1,
      [relay("relay_lag")]: 0, [relay("relay_lag_seconds")]: 0, [relay("relaying")]: 1,
    });
    expect((await metricsOf(first))[relay("events_sent_total")]).toBeGreaterThan(0);
    const text = await (await fetch(new URL("/metrics", first.url))).text();
    const told = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n\S+?(?:\{(.*)\})? \S+$/gm)].map(([, name, help, type, labels = ""]) =>
      [`\`${name}\``, type, [...labels.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``).join(", "), help]);
    expect(tableRows(readPage("docs/operations.md"), "Metrics")).toEqual(told);
    await first.stop();
    await results.stop();
  }, 90_000);

  test("the lag of steps that nobody carries grows in number and in age", async () => {
    const idle = await startTestServer({ config: { ...config, keyPrefix: testPrefix() } });
    await untilMetrics(idle, { [relay("relaying")]: 1 });
    // Another server holds the lease, and does nothing with it.
    await idle.node.redis.hset(new ShardKeys(idle.config.keyPrefix, 1).of(0).relay, { who: "other", token: "99", until: String(Date.now() + 3_600_000) });
    await submit(idle, longDelay());
    await waitFor(async () => {
      const found = await metricsOf(idle);
      return (found[relay("relay_lag")] as number) > 0 && (found[relay("relay_lag_seconds")] as number) > 0.5 && found[relay("relaying")] === 0;
    }, { what: "the lag", intervalMs: 100, timeoutMs: 15_000 });
    await idle.stop();
  }, 60_000);
});
