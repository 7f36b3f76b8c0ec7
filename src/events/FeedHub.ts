/** The feeds of all shards as the subscriptions of this process read them: those at the head together, those behind each for itself. */

import type { Feed, FeedStep } from "./Feed.js";
import { readFeedCursor, type FeedPosition } from "./feedCursor.js";
import { FeedTail } from "./FeedTail.js";

/** How long a lost doorbell can delay an event. */
const POLL_MS = 2_000;

export class FeedHub {
  readonly #tails: FeedTail[];
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly feed: Feed, private readonly pollMs = POLL_MS) {
    const onSteps = (): void => { for (const listener of this.#listeners) listener(); };
    this.#tails = Array.from({ length: feed.shardCount }, (_, shard) => new FeedTail(shard, feed, onSteps));
  }

  /** Calls `listener` whenever there may be new steps, until undone. Register before reading, so that nothing falls between. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#open();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.stop();
    };
  }

  get watched(): number {
    return this.#listeners.size;
  }

  /** The doorbell rang: the shard's feed may have new steps. */
  ring(shard: number): void {
    if (this.#listeners.size > 0) this.#tails[shard]?.advance();
  }

  /**
   * Where reading starts: behind the cursor, or, without one, at the end of all feeds as they are now.
   * @throws FanwireError CURSOR_INVALID
   */
  async start(after: string | undefined): Promise<FeedPosition> {
    if (after !== undefined && after !== "LATEST") return readFeedCursor(after, this.#tails.length);
    return { steps: await Promise.all(this.#tails.map((_, shard) => this.feed.lastId(shard))) };
  }

  /**
   * Steps behind one, oldest first, at most `count`; at once when the process has them.
   * @throws FanwireError CURSOR_EXPIRED, CURSOR_AHEAD
   */
  after(shard: number, id: string, count: number): FeedStep[] | Promise<FeedStep[]> {
    return this.#tails[shard]?.after(id, count) ?? this.feed.read(shard, id, count);
  }

  /**
   * A step, to read the rest of it.
   * @throws FanwireError CURSOR_EXPIRED, CURSOR_AHEAD
   */
  step(shard: number, id: string): Promise<FeedStep> {
    return this.feed.step(shard, id);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const tail of this.#tails) tail.close();
  }

  #open(): void {
    for (const tail of this.#tails) tail.open();
    this.#timer = setInterval(() => { for (const tail of this.#tails) tail.advance(); }, this.pollMs);
    this.#timer.unref();
  }
}
