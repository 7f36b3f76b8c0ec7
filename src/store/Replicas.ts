/** Durability by replicas: what is answered, or shown to others, is on replicas of the server that did it. */

import type { ChainableCommander } from "ioredis";
import { isCluster, type Redis } from "./connect.js";
import { UNSETTLED } from "./PatientCluster.js";
import { isPassingError } from "./passingErrors.js";

/** How long one WAIT lasts. The connection does nothing else meanwhile: nothing on it could be answered either. */
const WAIT_MS = 1_000;
const MOST_AT_ONCE = 200;
const LONGEST_PAUSE_MS = 1_000;

interface Waiting {
  add(pipeline: ChainableCommander): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class Replicas {
  /** What waits until the pipeline before it is answered; of a cluster by shard, for a pipeline goes to one node. */
  readonly #queues = new Map<string, Waiting[]>();

  /** @param count how many replicas must have it */
  constructor(private readonly redis: Redis, private readonly count: number) {}

  /**
   * Carries out one command that may be repeated. WAIT goes with it in one pipeline, which the client sends again as a whole or not at all: so it asks
   * the same server on the same connection, and that counts everything that it did up to there, whoever asked for it.
   * @throws Error NOREPLICAS when too few replicas have it: whether it lasts is then unknown, and it may be asked for again
   */
  confirmed<T>(key: string, add: (pipeline: ChainableCommander) => unknown): Promise<T> {
    const lane = isCluster(this.redis) ? key.slice(0, key.indexOf("}")) : "";
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { add, resolve: resolve as (value: unknown) => void, reject };
      const queue = this.#queues.get(lane);
      if (queue) queue.push(waiting);
      else void this.#drain(lane, [waiting]);
    });
  }

  /** A read; it goes on until it has an answer, as all reads do. */
  async read<T>(key: string, add: (pipeline: ChainableCommander) => unknown): Promise<T> {
    for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.confirmed<T>(key, add);
      } catch (error) {
        if (this.redis.status === "end" || !(error instanceof Error) || !isPassingError(error.message)) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  async #drain(lane: string, queue: Waiting[]): Promise<void> {
    this.#queues.set(lane, queue);
    // What else is asked for in this turn goes along.
    await Promise.resolve();
    while (queue.length > 0) await this.#send(queue.splice(0, MOST_AT_ONCE));
    this.#queues.delete(lane);
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (const { add } of batch) add(pipeline);
    const replies = await pipeline.wait(this.count, WAIT_MS).exec().catch((error: Error) => batch.map((): [Error, unknown] => [error, undefined])) ?? [];
    const [waitError, reached] = replies.at(-1) ?? [null, 0];
    const shortfall = waitError ?? (Number(reached) < this.count ? new Error(`NOREPLICAS ${Number(reached)} of ${this.count} replicas have the write`) : null);
    batch.forEach(({ resolve, reject }, i) => {
      const [error, value] = replies[i] ?? [shortfall, undefined];
      if (error ?? shortfall) reject(error ?? shortfall);
      else resolve(value);
    });
    // A pipeline is not redirected: the next one must know better.
    if (isCluster(this.redis) && replies.some(([error]) => error && UNSETTLED.test(error.message))) this.redis.refreshSlotsCache();
  }
}

/** Reads whose answers are shown to others. A client of Redis is one; with replicas it is the one below. */
export interface ShownReads {
  lrange(key: string, first: number, last: number): Promise<string[]>;
  lindex(key: string, index: number): Promise<string | null>;
  xrange(key: string, from: string, to: string): Promise<[id: string, fields: string[]][]>;
  xrange(key: string, from: string, to: string, token: "COUNT", count: number): Promise<[id: string, fields: string[]][]>;
  xinfo(part: "STREAM", key: string): Promise<unknown>;
  hmget(key: string, ...fields: string[]): Promise<(string | null)[]>;
}

/** What these tell of, replicas have: a failover takes nothing back that somebody has seen. */
export function replicatedReads(replicas: Replicas): ShownReads {
  return {
    lrange: (key, first, last) => replicas.read(key, (pipeline) => pipeline.lrange(key, first, last)),
    lindex: (key, index) => replicas.read(key, (pipeline) => pipeline.lindex(key, index)),
    xrange: (key: string, from: string, to: string, ...count: ["COUNT", number] | []) =>
      replicas.read(key, (pipeline) => (count.length === 0 ? pipeline.xrange(key, from, to) : pipeline.xrange(key, from, to, ...count))),
    xinfo: (part, key) => replicas.read(key, (pipeline) => pipeline.xinfo(part, key)),
    hmget: (key, ...fields) => replicas.read(key, (pipeline) => pipeline.hmget(key, ...fields)),
  };
}
