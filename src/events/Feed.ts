/** A shard's feed: which entries came into which workflows' logs, in the order in which it happened. */

import { clockOf, type Redis } from "../store/connect.js";
import { FanwireError } from "../errors.js";
import type { ShardKeys } from "../store/keys.js";
import type { ShownReads } from "../store/Replicas.js";

/** An entry of a workflow's log, by its index. */
export interface FeedEntry { workflowId: string; entry: number }

/** What one script call appended to logs: one entry of each of its workflows. */
export interface FeedStep {
  /** Of the stream: `<ms>-<number>`, later ones larger. */
  id: string;
  entries: FeedEntry[];
}

/** Before the first step of all. */
export const FEED_START = "0-0";

interface FeedInfo {
  /** Steps that there are, and that there ever were. */
  length: number;
  added: number;
  firstId: string | undefined;
  lastId: string;
}

export class Feed {
  /** @param shown the reads that others see */
  constructor(private readonly redis: Redis, private readonly shards: ShardKeys, private readonly shown: ShownReads = redis) {}

  get shardCount(): number {
    return this.shards.all().length;
  }

  /** The newest step; FEED_START when there never was one. */
  async lastId(shard: number): Promise<string> {
    return (await this.#info(shard))?.lastId ?? FEED_START;
  }

  /** The newest step, and how many there ever were up to it. */
  async end(shard: number): Promise<{ id: string; passed: number }> {
    const info = await this.#info(shard);
    return { id: info?.lastId ?? FEED_START, passed: info?.added ?? 0 };
  }

  /**
   * How many of the steps that are kept lie behind one, and for how long the oldest of them has. Read from the stream's own counts: it costs the same
   * however many they are.
   * @param at undefined: all
   * @param passed how many steps there ever were up to that one; undefined: not known, and while any lie behind it all that are kept count
   */
  async behind(shard: number, { at, passed }: { at: string | undefined; passed: number | undefined }): Promise<{ steps: number; forMs: number }> {
    const { feed } = this.shards.of(shard);
    const info = await this.#info(shard);
    const [oldest] = await this.shown.xrange(feed, at === undefined ? "-" : `(${at}`, "+", "COUNT", 1);
    if (!info || !oldest) return { steps: 0, forMs: 0 };
    const steps = at === undefined || passed === undefined ? info.length : Math.min(info.length, Math.max(1, info.added - passed));
    // By the clock that the steps' ids are of.
    const [seconds, micros] = await clockOf(this.redis, feed);
    return { steps, forMs: Math.max(0, seconds * 1_000 + Math.floor(micros / 1_000) - Number(oldest[0].split("-")[0])) };
  }

  /** The oldest step that is kept; undefined when there is none. */
  async firstId(shard: number): Promise<string | undefined> {
    return (await this.#info(shard))?.firstId;
  }

  /**
   * The steps behind one, oldest first, at most `count`. The step that the reader stands at is read with them: while it is
   * there, nothing behind it can be missing. So the oldest step kept is the first that can be read on from.
   * @param afterId a step's id, or FEED_START
   * @throws FanwireError CURSOR_EXPIRED when steps behind it may have been cut off, CURSOR_AHEAD when the store has lost it
   */
  async read(shard: number, afterId: string, count: number): Promise<FeedStep[]> {
    const fromStart = afterId === FEED_START;
    const rows = await this.shown.xrange(this.shards.of(shard).feed, fromStart ? "-" : afterId, "+", "COUNT", count + 1);
    if (!fromStart && rows[0]?.[0] === afterId) return rows.slice(1).map(stepOf);
    // Asked after the steps were read: what was cut off since then was not missing in them, and is an error all the same.
    const info = await this.#info(shard);
    if (!fromStart && info?.lastId === afterId) return [];
    if (!fromStart || wasCut(info, afterId)) throw missing(info, afterId);
    return rows.slice(0, count).map(stepOf);
  }

  /**
   * One step, for a reader that has seen a part of it.
   * @throws FanwireError CURSOR_EXPIRED when it may have been cut off, CURSOR_AHEAD when the store has lost it
   */
  async step(shard: number, id: string): Promise<FeedStep> {
    const [row] = await this.shown.xrange(this.shards.of(shard).feed, id, id);
    if (!row) throw missing(await this.#info(shard), id);
    return stepOf(row);
  }

  /** Epoch ms, by the clock that the steps' ids are of. */
  async nowMs(): Promise<number> {
    return Number((await this.redis.time())[0]) * 1_000;
  }

  /** Cuts off steps that happened before this time (epoch ms), but never the newest, at which readers stand. */
  async trim(shard: number, beforeMs: number): Promise<void> {
    const info = await this.#info(shard);
    if (!info?.firstId || Number(info.firstId.split("-")[0]) >= beforeMs) return;
    const until = `${beforeMs}-0`;
    await this.redis.xtrim(this.shards.of(shard).feed, "MINID", "~", isBefore(until, info.lastId) ? until : info.lastId);
  }

  async #info(shard: number): Promise<FeedInfo | undefined> {
    let flat: unknown[];
    try {
      flat = (await this.shown.xinfo("STREAM", this.shards.of(shard).feed)) as unknown[];
    } catch (error) {
      if (error instanceof Error && error.message.includes("no such key")) return undefined;
      throw error;
    }
    const of = (name: string): unknown => flat[flat.indexOf(name) + 1];
    const first = of("first-entry") as [string, string[]] | null;
    return { length: Number(of("length")), added: Number(of("entries-added")), firstId: first?.[0], lastId: String(of("last-generated-id")) };
  }
}

function stepOf([id, [, text = ""]]: [id: string, fields: string[]]): FeedStep {
  return {
    id,
    entries: text.split("\n").map((line) => {
      const space = line.indexOf(" ");
      return { workflowId: line.slice(0, space), entry: Number(line.slice(space + 1)) };
    }),
  };
}

/** Whether one step came before another. */
export function isBefore(a: string, b: string): boolean {
  const [aMs, aNumber] = a.split("-").map(Number) as [number, number];
  const [bMs, bNumber] = b.split("-").map(Number) as [number, number];
  return aMs === bMs ? aNumber < bNumber : aMs < bMs;
}

/** Cutting leaves no trace of how far it went, so every step before the oldest kept one counts as cut off once anything was. */
function wasCut(info: FeedInfo | undefined, id: string): boolean {
  return info !== undefined && info.added > info.length && isBefore(id, info.firstId ?? info.lastId);
}

function missing(info: FeedInfo | undefined, id: string): FanwireError {
  return wasCut(info, id)
    ? new FanwireError("CURSOR_EXPIRED", "The events that follow the cursor are no longer kept", { retryable: false })
    : new FanwireError("CURSOR_AHEAD", "The cursor stands at a step that the store does not have", { retryable: false });
}
