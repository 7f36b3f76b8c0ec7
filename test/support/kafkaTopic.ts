/** Plain producers and consumers for tests, beside those of the product. */

import { randomBytes } from "node:crypto";
import { Kafka, logLevel, type Admin, type KafkaMessage, type Message } from "kafkajs";
import type { TestKafka } from "./kafkaServer.js";

export type Received = KafkaMessage & { partition: number; text: string };

function client({ brokers }: TestKafka): Kafka {
  return new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 100, retries: 20, maxRetryTime: 1_000 } });
}

export interface TopicReader {
  /** All messages so far, in the order of each partition. */
  readonly messages: Received[];
  /** Their values, read as JSON. */
  values<T>(): T[];
  stop(): Promise<void>;
}

/** Reads a topic from its beginning on; resolves when it has joined. */
export async function readTopic(kafka: TestKafka, topic: string): Promise<TopicReader> {
  await makeTopics(kafka, [topic]);
  const messages: Received[] = [];
  const consumer = client(kafka).consumer({ groupId: `test-${randomBytes(6).toString("hex")}`, maxWaitTimeInMs: 50, sessionTimeout: 6_000, heartbeatInterval: 500 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const joined = new Promise<void>((resolve) => { consumer.on(consumer.events.GROUP_JOIN, () => resolve()); });
  await consumer.run({ eachMessage: async ({ partition, message }) => { messages.push({ ...message, partition, text: message.value?.toString() ?? "" }); } });
  await joined;
  return { messages, values: <T>() => messages.map(({ text }) => JSON.parse(text) as T), stop: () => consumer.disconnect() };
}

export async function sendTo(kafka: TestKafka, topic: string, messages: Message[]): Promise<void> {
  const producer = client(kafka).producer();
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages });
  } finally {
    await producer.disconnect();
  }
}

/** How many consumers the group has whose partitions are settled; 0 while they are not. */
export async function settledMembers(kafka: TestKafka, group: string): Promise<number> {
  return withAdmin(kafka, async (admin) => {
    const [found] = (await admin.describeGroups([group])).groups;
    return found?.state === "Stable" ? found.members.length : 0;
  });
}

/** The offset in a partition that the group goes on at; undefined before it has moved. */
export async function offsetOf(kafka: TestKafka, group: string, topic: string, partition: number): Promise<number | undefined> {
  return withAdmin(kafka, async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const offset = Number(found?.partitions.find((at) => at.partition === partition)?.offset ?? -1);
    return offset < 0 ? undefined : offset;
  });
}

/** Those that are not there yet. */
export async function makeTopics(kafka: TestKafka, topics: readonly string[], numPartitions = 4): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    const there = await admin.listTopics();
    const missing = topics.filter((topic) => !there.includes(topic));
    if (missing.length > 0) await admin.createTopics({ topics: missing.map((topic) => ({ topic, numPartitions })), waitForLeaders: true });
  });
}

async function withAdmin<T>(kafka: TestKafka, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = client(kafka).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}
