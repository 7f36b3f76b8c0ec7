/** The newest steps of one shard's feed, read once for all subscriptions of this process that have come that far. */

import { FanwireError } from "../errors.js";
import { isBefore, type Feed, type FeedStep } from "./Feed.js";
import { ReadBudget } from "./ReadBudget.js";

/** Entries kept; who falls further behind reads for itself. */
const ENTRIES_KEPT = 5_000;
const STEPS_PER_READ = 200;

export class FeedTail {
  readonly #budget = new ReadBudget();
  /** Behind #fromId, oldest first; undefined until the end of the feed is known. */
  #steps: FeedStep[] = [];
  #fromId: string | undefined;
  #entries = 0;
  #reading = false;
  #rung = false;
  #open = false;

  /** @param onSteps called when there are new steps, or when the tail has lost its place and readers have to look for themselves */
  constructor(private readonly shard: number, private readonly feed: Feed, private readonly onSteps: () => void) {}

  /** From now on it reads on at every ring. */
  open(): void {
    this.#open = true;
    this.advance();
  }

  close(): void {
    this.#open = false;
    this.#forget();
  }

  /** Steps behind this one, at most `count`; undefined when it is too old for the tail, or none of its steps. */
  after(id: string, count: number): FeedStep[] | undefined {
    const first = id === this.#fromId ? 0 : this.#indexOf(id) + 1;
    return first === 0 && id !== this.#fromId ? undefined : this.#steps.slice(first, first + count);
  }

  /** Reads what is new. One read at a time: what rings meanwhile is read after it. */
  advance(): void {
    this.#rung = true;
    if (!this.#reading) void this.#readOn();
  }

  async #readOn(): Promise<void> {
    this.#reading = true;
    while (this.#rung && this.#open) {
      this.#rung = false;
      const waitMs = this.#budget.take();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      try {
        if (this.#fromId === undefined) await this.#findEnd();
        else await this.#readPage();
      } catch (error) {
        // Redis is away, or the store has lost the step that it stood at: readers find out by their own positions.
        if (error instanceof FanwireError) this.#forget();
        this.onSteps();
      }
    }
    // In the same turn as the last look at #rung: a ring in between would be lost.
    this.#reading = false;
  }

  async #findEnd(): Promise<void> {
    const lastId = await this.feed.lastId(this.shard);
    if (!this.#open) return;
    this.#fromId = lastId;
    // Those who looked before the end was known may stand behind it.
    this.onSteps();
  }

  async #readPage(): Promise<void> {
    const steps = await this.feed.read(this.shard, this.#steps.at(-1)?.id ?? (this.#fromId as string), STEPS_PER_READ);
    if (steps.length === 0 || this.#fromId === undefined) return;
    for (const step of steps) {
      this.#steps.push(step);
      this.#entries += step.entries.length;
    }
    this.#dropOldest();
    this.#rung ||= steps.length === STEPS_PER_READ;
    this.onSteps();
  }

  #dropOldest(): void {
    let dropped = 0;
    while (this.#entries > ENTRIES_KEPT && dropped < this.#steps.length - 1) this.#entries -= (this.#steps[dropped++] as FeedStep).entries.length;
    if (dropped === 0) return;
    this.#fromId = (this.#steps[dropped - 1] as FeedStep).id;
    this.#steps.splice(0, dropped);
  }

  #forget(): void {
    this.#steps = [];
    this.#entries = 0;
    this.#fromId = undefined;
    if (this.#open) this.#rung = true;
  }

  /** -1: it is none of these steps. */
  #indexOf(id: string): number {
    let low = 0;
    let high = this.#steps.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = (this.#steps[middle] as FeedStep).id;
      if (found === id) return middle;
      if (isBefore(found, id)) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
