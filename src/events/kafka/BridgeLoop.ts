/** One part of the bridge at its work, round after round, until it is stopped. Behind a round that failed it waits, twice as long each time. */

import { setTimeout as delay } from "node:timers/promises";
import { Bell } from "../../engine/Bell.js";

export interface BridgeLoopOptions {
  /** Ends soon once the loop has stopped. Calls `progressed` when it got something done. */
  round(): Promise<void>;
  /** Told of each round that failed while the loop goes on. */
  onError(error: unknown): void;
  firstBackoffMs: number;
  lastBackoffMs: number;
}

export class BridgeLoop {
  readonly #bell = new Bell();
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #backoffMs: number;

  constructor(private readonly options: BridgeLoopOptions) {
    this.#backoffMs = options.firstBackoffMs;
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** There may be something to do: ends the sleep of a round, or the next one. */
  ring(): void {
    this.#bell.ring();
  }

  /** For a round that has nothing to do: until somebody rings, the time is over, or the loop stops. */
  sleep(ms: number): Promise<void> {
    return this.#bell.wait(ms, this.#stop.signal);
  }

  /** The next failure is a first one again. */
  progressed(): void {
    this.#backoffMs = this.options.firstBackoffMs;
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { round, onError, lastBackoffMs } = this.options;
    while (!this.stopped) {
      try {
        await round();
      } catch (error) {
        if (this.stopped) return;
        onError(error);
        // Rings do not end this wait: they would have every event ask brokers or a Redis that are down.
        await delay(this.#backoffMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        this.#backoffMs = Math.min(this.#backoffMs * 2, lastBackoffMs);
      }
    }
  }
}
