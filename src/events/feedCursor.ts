/** Cursors of subscriptions to many workflows: opaque outside, the positions in all shards' feeds inside. */

import { FanwireError } from "../errors.js";
import { FEED_START } from "./Feed.js";

/** Where a reader of all shards' feeds stands. */
export interface FeedPosition {
  /** Per shard the last step that was seen; FEED_START before the first. */
  steps: readonly string[];
  /** Of that step of one shard not everything was seen: the events of this entry up to this seq, and all of the entries before it. */
  inside?: { shard: number; line: number; seq: number };
}

/** Cursors of a single workflow's log begin with another letter. */
const MARK = "f".charCodeAt(0);
/** What a base64url text of this many shards can have, about; longer ones are not looked at. */
const LONGEST = 200_000;

/** Numbers of seven bits a byte, least first: times are larger than what shifts can do. */
function write(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

export function makeFeedCursor({ steps, inside }: FeedPosition): string {
  const ids = steps.map((id) => id.split("-").map(Number) as [number, number]);
  const newestMs = Math.max(...ids.map(([ms]) => ms));
  const bytes = [MARK];
  write(bytes, ids.length);
  write(bytes, newestMs);
  // Shards at work are close together, so the distance takes less room than the time.
  for (const [ms, number] of ids) {
    write(bytes, newestMs - ms);
    write(bytes, number);
  }
  if (inside) for (const value of [inside.shard, inside.line, inside.seq]) write(bytes, value);
  return Buffer.from(bytes).toString("base64url");
}

/**
 * @param shards that this deployment has
 * @throws FanwireError CURSOR_INVALID
 */
export function readFeedCursor(cursor: string, shards: number): FeedPosition {
  const numbers = cursor.length > LONGEST ? undefined : readNumbers(Buffer.from(cursor, "base64url"));
  const [count, newestMs = 0] = numbers ?? [];
  const end = 2 + 2 * shards;
  if (!numbers || count !== shards || ![end, end + 3].includes(numbers.length)) throw invalid(cursor);
  const steps = Array.from({ length: shards }, (_, shard) => `${newestMs - (numbers[2 + 2 * shard] as number)}-${numbers[3 + 2 * shard]}`);
  if (steps.some((id) => id.startsWith("-"))) throw invalid(cursor);
  if (numbers.length === end) return { steps };
  const [shard, line, seq] = numbers.slice(end) as [number, number, number];
  if (shard >= shards || steps[shard] === FEED_START) throw invalid(cursor);
  return { steps, inside: { shard, line, seq } };
}

/** Undefined for bytes that are no cursor of this kind. */
function readNumbers(bytes: Buffer): number[] | undefined {
  if (bytes[0] !== MARK || (bytes.at(-1) as number) >= 128) return undefined;
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes.subarray(1)) {
    value += (byte % 128) * scale;
    scale *= 128;
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
    if (byte >= 128) continue;
    numbers.push(value);
    value = 0;
    scale = 1;
  }
  return numbers;
}

function invalid(cursor: string): FanwireError {
  return new FanwireError("CURSOR_INVALID", `The cursor ${JSON.stringify(cursor.slice(0, 60))} is not one of this server's subscriptions to many workflows`, { retryable: false });
}
