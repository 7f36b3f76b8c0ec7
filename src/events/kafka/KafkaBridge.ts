/** The bridge of one server to Kafka: events out, commands in, tasks over topics, and how far behind it is. */

import type { Wake } from "../../engine/Wake.js";
import type { WorkerProtocol } from "../../engine/WorkerProtocol.js";
import type { RedisBridge } from "../../store/RedisBridge.js";
import type { EventLog } from "../EventLog.js";
import type { Feed } from "../Feed.js";
import { CommandConsumer, type CommandCounts } from "./CommandConsumer.js";
import type { RunCommand } from "./commands.js";
import { EventRelay } from "./EventRelay.js";
import type { BridgeLog, KafkaClient } from "./KafkaClient.js";
import { TaskBridge } from "./TaskBridge.js";
import type { BridgeTopics } from "./topics.js";

export interface KafkaBridgeServices {
  client: KafkaClient;
  topics: BridgeTopics;
  bridge: RedisBridge;
  feed: Feed;
  eventLog: EventLog;
  workers: Pick<WorkerProtocol, "claimTasks" | "failTask">;
  handBack(claims: readonly string[]): Promise<void>;
  wake: Wake;
  run: RunCommand;
  /** CloudEvents' `source`. */
  source: string;
  tenant: string;
  taskLeaseMs: number;
  log: BridgeLog;
}

/** One shard's events on their way to Kafka. */
export interface RelayState {
  /** Steps of the feed that Kafka has not got. */
  lag: number;
  /** How long the oldest of them has been there. */
  lagMs: number;
  /** Whether this process carries them, and not another server. */
  here: boolean;
  /** Events that Kafka has got from this process. */
  sent: number;
}

export interface KafkaState {
  /** Undefined while the brokers answer. */
  unreachableSinceMs: number | undefined;
  /** By shard. */
  relays: RelayState[];
  /** Of this process. */
  commands: CommandCounts;
}

export class KafkaBridge {
  readonly #relays: EventRelay[];
  readonly #consumer: CommandConsumer;
  readonly #tasks: TaskBridge;
  readonly #undo: (() => void)[] = [];

  constructor(private readonly services: KafkaBridgeServices) {
    const { bridge, feed, eventLog, client, topics, source, log, tenant, run, workers, handBack, taskLeaseMs } = services;
    this.#relays = Array.from({ length: bridge.shardCount }, (_, shard) => new EventRelay(shard, { feed, eventLog, bridge, client, topic: topics.events, source, log }));
    this.#consumer = new CommandConsumer({ client, bridge, topics, tenant, run, log });
    this.#tasks = new TaskBridge({ bridge, workers, handBack, client, topics, tenant, leaseMs: taskLeaseMs, log });
  }

  start(): void {
    const { wake } = this.services;
    this.#undo.push(
      wake.onEvents(() => { for (const relay of this.#relays) relay.ring(); }),
      wake.onReady(() => this.#tasks.ring()),
    );
    for (const part of [...this.#relays, this.#consumer, this.#tasks]) part.start();
  }

  /** Ends behind what is under way; the events that follow are another server's, or wait. */
  async stop(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    await Promise.all([...this.#relays, this.#consumer, this.#tasks].map((part) => part.stop()));
  }

  async state(): Promise<KafkaState> {
    const { bridge, client, feed } = this.services;
    const relays = await Promise.all(this.#relays.map(async ({ relays: here, sent }, shard) => {
      const { steps, forMs } = await feed.behind(shard, await bridge.relayedTo(shard));
      return { lag: steps, lagMs: forMs, here, sent };
    }));
    return { unreachableSinceMs: client.unreachableSinceMs, relays, commands: this.#consumer.counts };
  }

  /** For people: `connected, lag 12`. */
  async status(): Promise<string> {
    const { unreachableSinceMs, relays } = await this.state();
    const lag = relays.reduce((sum, relay) => sum + relay.lag, 0);
    return unreachableSinceMs === undefined ? `connected, lag ${lag}` : `unreachable since ${new Date(unreachableSinceMs).toISOString()}, lag ${lag}`;
  }
}
