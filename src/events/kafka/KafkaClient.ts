/** The connection to the brokers: one producer for all, consumers that come back, and whether the brokers can be reached. */

// A CommonJS module whose names Node does not see: they are fields of its default export.
import kafkajs from "kafkajs";
import type { Admin, Consumer, Kafka, Message, Producer, RecordMetadata } from "kafkajs";
import { FanwireError } from "../../errors.js";

export interface KafkaOptions {
  brokers: readonly string[];
  tls: boolean;
  sasl?: { mechanism: "plain" | "scram-sha-256" | "scram-sha-512"; username: string; password: string };
}

export interface BridgeLog {
  info(obj: object, message: string): void;
  warn(obj: object, message: string): void;
  error(obj: object, message: string): void;
}

export interface TopicMessages { topic: string; messages: Message[] }

const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 15_000;
const PING_EVERY_MS = 2_000;
/** Without this a fetch waits for seconds before it brings the first live message. */
const FETCH_WAIT_MS = 50;
/** Longer than a rebalance takes; a server that dies is missed for so long. */
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 1_000;
/** Of a message; a batch may hold one larger than a fetch asks for. */
const FETCH_BYTES = 4 << 20;

export class KafkaClient {
  readonly #kafka: Kafka;
  readonly #producer: Producer;
  readonly #admin: Admin;
  #producing: Promise<void> | undefined;
  #administering: Promise<void> | undefined;
  /** Epoch ms; undefined while the brokers answer. */
  #unreachableSinceMs: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ping: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor({ brokers, tls, sasl }: KafkaOptions, private readonly log: BridgeLog) {
    this.#kafka = new kafkajs.Kafka({
      clientId: "fanwire", brokers: [...brokers], ssl: tls, ...(sasl ? { sasl: sasl as { mechanism: "plain"; username: string; password: string } } : {}),
      // Who uses the client reports what fails; the library's own lines repeat it at every try.
      logLevel: kafkajs.logLevel.NOTHING,
      connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
    });
    this.#producer = this.#kafka.producer({ allowAutoTopicCreation: false });
    this.#admin = this.#kafka.admin();
  }

  /** Looks from time to time whether the brokers answer. */
  start(): void {
    this.#ping = this.#look().finally(() => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => this.start(), PING_EVERY_MS);
      this.#timer.unref();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#ping;
    await Promise.all([this.#producer.disconnect(), this.#admin.disconnect()].map((closing) => closing.catch(() => undefined)));
  }

  get unreachableSinceMs(): number | undefined {
    return this.#unreachableSinceMs;
  }

  /**
   * Resolves when all in-sync replicas have the messages. Those of one topic and key keep their order. What has failed may
   * have been written in part, or whole, and may be sent again.
   * @throws FanwireError KAFKA_FAILED; LIMIT_EXCEEDED when a broker finds it too large
   */
  async send(topicMessages: TopicMessages[]): Promise<RecordMetadata[]> {
    try {
      this.#producing ??= this.#producer.connect();
      await this.#producing;
      const written = await this.#producer.sendBatch({ acks: -1, timeout: REQUEST_TIMEOUT_MS, topicMessages });
      this.#reached();
      return written;
    } catch (error) {
      throw this.#failure(error, () => { this.#producing = undefined; });
    }
  }

  /** Makes those that are not there, with as many partitions and replicas as the brokers give by default. @throws FanwireError KAFKA_FAILED */
  async ensureTopics(names: readonly string[]): Promise<void> {
    try {
      const admin = await this.#connectedAdmin();
      const there = new Set(await admin.listTopics());
      const missing = names.filter((name) => !there.has(name));
      if (missing.length === 0) return;
      await admin.createTopics({ topics: missing.map((topic) => ({ topic, numPartitions: -1, replicationFactor: -1 })), waitForLeaders: true });
      this.log.info({ topics: missing }, "Topics were made in Kafka");
    } catch (error) {
      throw this.#failure(error, () => undefined);
    }
  }

  /** One of a group; it does not come back by itself when it crashes. */
  consumer(groupId: string): Consumer {
    return this.#kafka.consumer({
      groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: FETCH_WAIT_MS, maxBytesPerPartition: FETCH_BYTES,
      sessionTimeout: SESSION_TIMEOUT_MS, heartbeatInterval: HEARTBEAT_MS, retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  async #connectedAdmin(): Promise<Admin> {
    this.#administering ??= this.#admin.connect();
    try {
      await this.#administering;
    } catch (error) {
      this.#administering = undefined;
      throw error;
    }
    return this.#admin;
  }

  async #look(): Promise<void> {
    try {
      await (await this.#connectedAdmin()).describeCluster();
      this.#reached();
    } catch (error) {
      if (!this.#stopped) this.#failure(error, () => undefined);
    }
  }

  #reached(): void {
    if (this.#unreachableSinceMs !== undefined) this.log.info({ forMs: Date.now() - this.#unreachableSinceMs }, "Kafka can be reached again");
    this.#unreachableSinceMs = undefined;
  }

  /** @param disconnected called when the next use has to connect anew */
  #failure(error: unknown, disconnected: () => void): FanwireError {
    const cause = error instanceof Error && error.name === "KafkaJSNumberOfRetriesExceeded" && error.cause ? error.cause : error;
    const type = (cause as { type?: string }).type;
    const message = cause instanceof Error ? cause.message : String(cause);
    if (type === "MESSAGE_TOO_LARGE" || type === "RECORD_LIST_TOO_LARGE") return new FanwireError("LIMIT_EXCEEDED", "Kafka takes no message as large as this", { retryable: false, cause });
    // What the brokers answer, they can be reached for.
    const answered = cause instanceof Error && cause.name === "KafkaJSProtocolError";
    if (!answered) {
      disconnected();
      if (this.#unreachableSinceMs === undefined) {
        this.#unreachableSinceMs = Date.now();
        const isRefused = cause instanceof Error && cause.name === "KafkaJSSASLAuthenticationError";
        const what = isRefused ? "Kafka refuses the login of KAFKA_SASL with KAFKA_USERNAME and KAFKA_PASSWORD" : "Kafka cannot be reached";
        this.log.warn({ err: message }, `${what}; trying again and again`);
      }
    }
    return new FanwireError("KAFKA_FAILED", `Kafka did not take it: ${message}`, { cause });
  }
}
