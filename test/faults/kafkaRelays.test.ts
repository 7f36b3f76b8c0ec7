/** Relays of events that die, that are taken for dead, or that come too late for the feed: Kafka gets every event all the same. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EventLog } from "../../src/events/EventLog.js";
import { Feed } from "../../src/events/Feed.js";
import { EventRelay, type EventRelayServices } from "../../src/events/kafka/EventRelay.js";
import { KafkaClient } from "../../src/events/kafka/KafkaClient.js";
import type { FanwireNode } from "../../src/main.js";
import { silentLog } from "../../src/runtime/log.js";
import { ShardKeys } from "../../src/store/keys.js";
import { RedisBridge } from "../../src/store/RedisBridge.js";
import { Scripts } from "../../src/store/scripts.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { sharedKafka, type TestKafka } from "../support/kafkaServer.js";
import { readTopic, type TopicReader } from "../support/kafkaTopic.js";
import { seededRandom, testSeed } from "../support/seededRandom.js";
import { stopSoundly } from "../support/soundKeys.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectTopicToBeTheLogs, outOfOrder } from "./kafkaChecks.js";

const kafka = await sharedKafka();
const LEASE_MS = 600;
const fan = oneGroup(task("each", { handler: "transform", input: { expression: "$", data: "{{ x }}" }, expansion: expansion({ array: { x: "[1, 2, 3, 4]" } }) }), task("end", { after: ["each"] }));

/** Holds what passes until it is let go. */
class Gate {
  #open: () => void = () => {};
  #opened: Promise<void> = Promise.resolve();
  waiting = 0;
  close(): void { this.#opened = new Promise((resolve) => { this.#open = resolve; }); }
  open(): void { this.#open(); }
  async pass(): Promise<void> {
    this.waiting++;
    await this.#opened;
    this.waiting--;
  }
}

describe.skipIf(!kafka)("relays of events", () => {
  let client: KafkaClient;
  let node: FanwireNode;
  let topic: TopicReader;
  let keyPrefix: string;
  const relays: EventRelay[] = [];

  beforeAll(() => { client = new KafkaClient({ brokers: (kafka as TestKafka).brokers, tls: false }, silentLog); });
  afterAll(() => client.stop());
  beforeEach(async () => {
    keyPrefix = testPrefix();
    node = await startTestNode({ config: { keyPrefix } });
    topic = await readTopic(kafka as TestKafka, `${keyPrefix}.events`);
    return async () => {
      await Promise.all(relays.splice(0).map((relay) => relay.stop()));
      await topic.stop();
      await stopSoundly(node);
    };
  });

  const feed = (): Feed => new Feed(node.redis, new ShardKeys(keyPrefix, 1));
  const bridge = (): RedisBridge => new RedisBridge(node.redis, new ShardKeys(keyPrefix, 1), new Scripts(node.redis), 60_000);

  /** With a log reader and a place in Redis of its own, as in another process. */
  function startRelay(more: Partial<EventRelayServices> = {}): EventRelay {
    const eventLog = (node.events as unknown as { log: EventLog }).log;
    const relay = new EventRelay(0, {
      feed: feed(), eventLog, bridge: bridge(), client, topic: `${keyPrefix}.events`, source: "/test", log: silentLog, leaseMs: LEASE_MS, ...more,
    });
    relays.push(relay);
    relay.start();
    return relay;
  }

  /** That the cursor stands at the end, and says so by its count too. */
  async function untilAllCounted(): Promise<void> {
    await waitFor(async () => {
      const { at, passed } = await bridge().relayedTo(0);
      const end = await feed().end(0);
      return at === end.id && passed === end.passed && (await feed().behind(0, { at, passed })).steps === 0;
    }, { what: "the cursor at the end" });
  }

  async function run(count: number): Promise<string[]> {
    const ids = await Promise.all(Array.from({ length: count }, async () => (await node.engine.submitWorkflow(CALLER, { definition: fan })).workflowId as string));
    for (const id of ids) await finished(node, id);
    return ids;
  }

  test("undisturbed, each event comes once and in order", async () => {
    startRelay();
    expect(await expectTopicToBeTheLogs(node, topic, await run(20))).toBe(0);
    expect(outOfOrder(topic)).toEqual([]);
    await untilAllCounted();
  });

  test("one that is held before it sends, and goes on when another has taken over, leaves nothing out and cannot move the cursor", async () => {
    const gate = new Gate();
    gate.close();
    startRelay({ client: { send: async (messages) => { await gate.pass(); return client.send(messages); } } });
    const ids = await run(5);
    await waitFor(() => gate.waiting > 0, { what: "the first relay to be about to send" });
    startRelay();
    expect(await expectTopicToBeTheLogs(node, topic, ids)).toBe(0);
    const cursor = await bridge().relayedTo(0);
    const more = await run(5);
    await expectTopicToBeTheLogs(node, topic, more);
    const before = topic.messages.length;
    gate.open();
    await waitFor(() => topic.messages.length > before, { what: "what the first relay sends late" });
    const last = await run(5);
    expect(await expectTopicToBeTheLogs(node, topic, [...ids, ...more, ...last])).toBeGreaterThan(0);
    expect(Number((await bridge().relayedTo(0)).at?.split("-")[0])).toBeGreaterThanOrEqual(Number(cursor.at?.split("-")[0]));
  });

  test("one that dies between sending and moving the cursor: the next sends the same again, and goes on", async () => {
    let sent = 0;
    const dead = new Promise<never>(() => {});
    const mortal = bridge();
    // As after SIGKILL: what it had asked of Kafka happens, and nothing more comes from it.
    const dying = { takeRelay: mortal.takeRelay.bind(mortal), keepRelay: () => (sent > 0 ? dead : mortal.keepRelay(0, "", "", 1)) } as unknown as RedisBridge;
    const relay = startRelay({ bridge: dying, client: { send: async (messages) => { const written = await client.send(messages); sent++; return written; } } });
    relays.splice(relays.indexOf(relay), 1);
    const ids = await run(3);
    await waitFor(() => sent > 0, { what: "the first relay to send" });
    startRelay();
    expect(await expectTopicToBeTheLogs(node, topic, [...ids, ...(await run(3))])).toBeGreaterThan(0);
  });

  test("many that take over from each other all the time", async () => {
    const seed = testSeed();
    process.stdout.write(`relays that take over from each other: seed ${seed}\n`);
    // Each with a chance of its own, which does not depend on when the others send.
    const hesitant = (random: (below: number) => number): Partial<EventRelayServices> => ({
      leaseMs: 60,
      client: { send: async (messages) => {
        const [pauseMs, fails] = [random(10) < 3 ? random(200) : 0, random(10) < 2];
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
        if (fails) throw new Error("not now");
        return client.send(messages);
      } },
    });
    for (let i = 0; i < 4; i++) startRelay(hesitant(seededRandom(seed + i)));
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(...(await run(5)));
    await expectTopicToBeTheLogs(node, topic, ids);
  });

  test("the feed does not reach back to the cursor any more: the missing events come from the logs", async () => {
    const relay = startRelay();
    const before = await run(3);
    await expectTopicToBeTheLogs(node, topic, before);
    await waitFor(async () => (await feed().behind(0, await bridge().relayedTo(0))).steps === 0, { what: "the cursor at the end" });
    await relay.stop();
    const between = await run(5);
    await node.redis.xtrim(new ShardKeys(keyPrefix, 1).of(0).feed, "MAXLEN", 2);
    startRelay();
    await expectTopicToBeTheLogs(node, topic, [...before, ...between, ...(await run(2))]);
    await untilAllCounted();
  });

  test("a cursor that was kept without its count gets one when it has caught up", async () => {
    const { relay } = new ShardKeys(keyPrefix, 1).of(0);
    const first = startRelay();
    await run(3);
    await untilAllCounted();
    await first.stop();
    await node.redis.hdel(relay, "passed");
    const ids = await run(3);
    const { passed } = await feed().end(0);
    expect(await feed().behind(0, await bridge().relayedTo(0))).toMatchObject({ steps: passed });
    startRelay();
    await untilAllCounted();
    await expectTopicToBeTheLogs(node, topic, ids);
  });

  test("the clock of Redis is set back: a lease of the future does not keep others out for long", async () => {
    const relay = new ShardKeys(keyPrefix, 1).of(0).relay;
    await node.redis.hset(relay, { who: "gone", token: "7", until: String(Date.now() + 3_600_000), at: "" });
    startRelay();
    await expectTopicToBeTheLogs(node, topic, await run(1));
    expect(Number(await node.redis.hget(relay, "token"))).toBe(8);
  });
});

