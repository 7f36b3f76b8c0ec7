/** The doorbell: one pub/sub channel per shard, subscribed once at start and kept; carries hints, and of short log entries a copy. */

import { RedisPubSub } from "graphql-redis-subscriptions";
import type { Redis } from "../store/connect.js";
import type { LogEntries, Wake } from "../engine/Wake.js";

interface Ring {
  /** Workflows with new events. */
  w: string[];
  /** The new entries of their logs, where these are short. */
  e?: LogEntries;
  /** Units left waiting in lanes. */
  q: number;
  /** Those of these lanes that have a priority and were empty. */
  l?: string[];
  /** A workflow that was cancelled. */
  x?: string;
  /** A workflow some of whose claims were taken back. */
  y?: string;
  /** In how many ms the first of the timers that were set is due. */
  t?: number;
}

const NO_ENTRIES: LogEntries = {};

export class RedisWake implements Wake {
  readonly #ready = new Set<(shard: number) => void>();
  readonly #lanes = new Set<(shard: number, names: readonly string[]) => void>();
  readonly #events = new Set<(workflowIds: readonly string[], entries: LogEntries) => void>();
  readonly #cancelled = new Set<(workflowId: string) => void>();
  readonly #recalled = new Set<(workflowId: string) => void>();
  readonly #timers = new Set<(shard: number, delayMs: number) => void>();
  readonly #pubsub: RedisPubSub;

  /** @param subscriber a connection of its own, made with enableReadyCheck: false (a SUBSCRIBE during the check would be lost) */
  constructor(publisher: Redis, subscriber: Redis, private readonly channels: readonly string[]) {
    this.#pubsub = new RedisPubSub({ publisher, subscriber });
  }

  /** Resolves when Redis has confirmed every subscription. They are never undone: that could end the process. */
  async start(): Promise<void> {
    await Promise.all(this.channels.map((channel, shard) => this.#pubsub.subscribe(channel, (ring: Ring) => this.#rung(shard, ring))));
  }

  onReady(listener: (shard: number) => void): () => void {
    return listen(this.#ready, listener);
  }

  onLanes(listener: (shard: number, names: readonly string[]) => void): () => void {
    return listen(this.#lanes, listener);
  }

  onEvents(listener: (workflowIds: readonly string[], entries: LogEntries) => void): () => void {
    return listen(this.#events, listener);
  }

  onCancelled(listener: (workflowId: string) => void): () => void {
    return listen(this.#cancelled, listener);
  }

  onRecalled(listener: (workflowId: string) => void): () => void {
    return listen(this.#recalled, listener);
  }

  onTimer(listener: (shard: number, delayMs: number) => void): () => void {
    return listen(this.#timers, listener);
  }

  #rung(shard: number, ring: Ring): void {
    if (ring.l) for (const listener of this.#lanes) listener(shard, ring.l);
    if (ring.q > 0) for (const listener of this.#ready) listener(shard);
    if (ring.w.length > 0) for (const listener of this.#events) listener(ring.w, ring.e ?? NO_ENTRIES);
    if (ring.t !== undefined) for (const listener of this.#timers) listener(shard, ring.t);
    if (ring.x !== undefined) for (const listener of this.#cancelled) listener(ring.x);
    if (ring.y !== undefined) for (const listener of this.#recalled) listener(ring.y);
  }
}

function listen<L>(listeners: Set<L>, listener: L): () => void {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}
