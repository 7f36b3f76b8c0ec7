/** Cuts off what is older than the retention of workflows from the shards' feeds: so long, and no longer, subscriptions can go on. */

import type { Feed } from "./Feed.js";

/** Between two looks; a look that finds nothing to cut costs one short read per shard. */
const TURN_MS = 60_000;

export class FeedKeeper {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(private readonly feed: Feed, private readonly retentionMs: number, private readonly log: { warn(obj: object, message: string): void }) {}

  start(): void {
    // Apart from each other, so that many servers do not look at the same moment; more often where little is kept.
    this.#timer = setTimeout(() => {
      this.#turn = this.#cut().finally(() => { if (!this.#stopped) this.start(); });
    }, Math.min(TURN_MS, this.retentionMs) * (0.5 + Math.random()));
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#turn;
  }

  async #cut(): Promise<void> {
    for (let shard = 0; shard < this.feed.shardCount && !this.#stopped; shard++) {
      try {
        await this.feed.trim(shard, (await this.feed.nowMs()) - this.retentionMs);
      } catch (error) {
        if (!this.#stopped) this.log.warn({ err: error, shard }, "the feed could not be cut; trying again");
      }
    }
  }
}
