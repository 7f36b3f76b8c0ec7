/** Lists workflows, newest first, from the per-shard indexes merged by submission time. */

import type { Redis } from "./connect.js";
import type { Page, PageRequest, WorkflowFilter, WorkflowSnapshot } from "../engine/snapshot.js";
import { FanwireError } from "../errors.js";
import { ownerOf, sessionKey } from "../engine/session.js";
import { canonicalJson, type JsonObject, type JsonValue } from "../workflow/json.js";
import type { ShardKeys } from "./keys.js";
import { WORKFLOW_LETTER } from "./records.js";
import type { WorkflowReader } from "./WorkflowReader.js";

interface Entry { id: string; ms: number }
type Direction = "NEWEST_FIRST" | "OLDEST_FIRST";

/** Index entries looked at in one round trip; fewer when a page needs fewer. */
const BATCH = 200;

export class WorkflowIndex {
  constructor(private readonly redis: Redis, private readonly shards: ShardKeys, private readonly reader: WorkflowReader) {}

  /** Of a session, the index of its own is walked; other parts of the filter are then held against the headers. */
  async list(tenant: string, filter: WorkflowFilter, page: PageRequest): Promise<Page<WorkflowSnapshot>> {
    const backwards = page.last !== undefined && page.first === undefined;
    const limit = (backwards ? page.last : page.first) ?? 100;
    const start = backwards ? page.before : page.after;
    const direction: Direction = backwards ? "OLDEST_FIRST" : "NEWEST_FIRST";
    const position = start === undefined ? undefined : readPosition(start);
    // Together, so that a page takes no round trip more for being counted.
    const [found, totalCount] = await Promise.all([this.#first(limit + 1, this.#walk(tenant, filter, direction, position, limit + 1)), this.#count(tenant, filter)]);
    const nodes = found.slice(0, limit);
    if (backwards) nodes.reverse();
    return {
      edges: nodes.map((node) => ({ cursor: positionOf({ id: node.id, ms: node.submittedMs }), node })),
      hasNextPage: backwards ? start !== undefined : found.length > limit,
      hasPreviousPage: backwards ? found.length > limit : start !== undefined,
      totalCount,
    };
  }

  /** At least so many, when there are so many. */
  async #first(wanted: number, batches: AsyncIterable<WorkflowSnapshot[]>): Promise<WorkflowSnapshot[]> {
    const found: WorkflowSnapshot[] = [];
    for await (const batch of batches) {
      found.push(...batch);
      if (found.length >= wanted) break;
    }
    return found;
  }

  /** Exact. Counts by name or labels, and by status in a session, read every candidate's header. */
  async #count(tenant: string, filter: WorkflowFilter): Promise<number> {
    if (filter.name === undefined && filter.labels === undefined && isIndexed(filter)) {
      const counts = await Promise.all(this.#indexKeys(tenant, filter).map((key) =>
        this.redis.zcount(key, filter.submittedAfterMs ?? "-inf", filter.submittedBeforeMs ?? "+inf")));
      return counts.reduce((sum, count) => sum + count, 0);
    }
    let total = 0;
    for await (const batch of this.#walk(tenant, filter, "NEWEST_FIRST", undefined, BATCH)) total += batch.length;
    return total;
  }

  /** The workflow that has the session for itself: it stands in no index of the session. */
  async #ownerOf(tenant: string, sessionId: string | undefined): Promise<WorkflowSnapshot | undefined> {
    const id = sessionId === undefined ? undefined : ownerOf(sessionId);
    const keys = id === undefined ? undefined : this.shards.ofWorkflow(id);
    if (id === undefined || !keys || (await this.redis.hexists(keys.workflow(id), "ss"))) return undefined;
    const snapshot = await this.reader.snapshot(id);
    return snapshot?.tenant === tenant ? snapshot : undefined;
  }

  #indexKeys(tenant: string, filter: WorkflowFilter): string[] {
    if (filter.sessionId !== undefined) {
      const key = sessionKey({ tenant, id: filter.sessionId });
      return [this.shards.ofSession(key).sessionIndex(key)];
    }
    const letters = filter.status?.flatMap((status) => WORKFLOW_LETTER[status] ?? []) ?? ["all"];
    return this.shards.all().flatMap((keys) => [...new Set(letters)].map((letter) => keys.index(tenant, letter)));
  }

  /** Matching workflows after the position, in batches. @param wanted how many the caller can use: what is read beyond them is read for nothing */
  async *#walk(tenant: string, filter: WorkflowFilter, direction: Direction, after: Entry | undefined, wanted: number): AsyncGenerator<WorkflowSnapshot[]> {
    const owner = await this.#ownerOf(tenant, filter.sessionId);
    if (owner) {
      if (isBehind({ id: owner.id, ms: owner.submittedMs }, direction, after) && matches(owner, filter)) yield [owner];
      return;
    }
    let position = after;
    // A part of the filter that no index knows may leave little of a batch.
    const size = filter.name === undefined && filter.labels === undefined ? Math.min(BATCH, wanted) : BATCH;
    for (;;) {
      const perIndex = await Promise.all(this.#indexKeys(tenant, filter).map((key) => this.#entries(key, filter, direction, position, size)));
      const entries = perIndex.flat().sort((a, b) => (direction === "NEWEST_FIRST" ? compare(b, a) : compare(a, b))).slice(0, size);
      if (entries.length === 0) return;
      const snapshots = await this.reader.snapshots(entries.map((entry) => entry.id));
      yield snapshots.filter((snapshot): snapshot is WorkflowSnapshot => snapshot !== null && matches(snapshot, filter));
      position = entries[entries.length - 1];
    }
  }

  async #entries(key: string, filter: WorkflowFilter, direction: Direction, after: Entry | undefined, size: number): Promise<Entry[]> {
    const low = Math.max(filter.submittedAfterMs ?? 0, direction === "OLDEST_FIRST" && after ? after.ms : 0);
    const high = Math.min(filter.submittedBeforeMs ?? Infinity, direction === "NEWEST_FIRST" && after ? after.ms : Infinity);
    const max = high === Infinity ? "+inf" : String(high);
    const out: Entry[] = [];
    // Those of the position's millisecond may have been given out already, the position itself among them. An index that gives fewer than `size`
    // must have no more: what it kept back could belong in front of what others gave.
    const count = after ? size + 1 : size;
    for (let offset = 0; out.length < size; offset += count) {
      const reply = direction === "NEWEST_FIRST"
        ? await this.redis.zrevrangebyscore(key, max, low, "WITHSCORES", "LIMIT", offset, count)
        : await this.redis.zrangebyscore(key, low, max, "WITHSCORES", "LIMIT", offset, count);
      for (let i = 0; i < reply.length; i += 2) {
        const entry = { id: reply[i] as string, ms: Number(reply[i + 1]) };
        if (isBehind(entry, direction, after)) out.push(entry);
      }
      if (reply.length < 2 * count) break;
    }
    return out;
  }
}

function compare(a: Entry, b: Entry): number {
  return a.ms - b.ms || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function isBehind(entry: Entry, direction: Direction, after: Entry | undefined): boolean {
  return !after || (direction === "NEWEST_FIRST" ? compare(entry, after) < 0 : compare(entry, after) > 0);
}

/** Whether one index holds exactly those that this part of the filter means. */
function isIndexed({ sessionId, status }: WorkflowFilter): boolean {
  return sessionId === undefined || (status === undefined && ownerOf(sessionId) === undefined);
}

function matches(snapshot: WorkflowSnapshot, filter: WorkflowFilter): boolean {
  if (filter.name !== undefined && snapshot.name !== filter.name) return false;
  if (snapshot.submittedMs < (filter.submittedAfterMs ?? 0) || snapshot.submittedMs > (filter.submittedBeforeMs ?? Infinity)) return false;
  // The index of a status may lag behind the header between two reads.
  if (filter.status && !filter.status.includes(snapshot.status)) return false;
  return Object.entries(filter.labels ?? ({} as JsonObject)).every(([label, value]) =>
    snapshot.labels[label] !== undefined && canonicalJson(snapshot.labels[label] as JsonValue) === canonicalJson(value));
}

function positionOf(entry: Entry): string {
  return Buffer.from(`${entry.ms}:${entry.id}`).toString("base64url");
}

/** @throws FanwireError CURSOR_INVALID */
function readPosition(cursor: string): Entry {
  const match = /^(\d{1,15}):(s\d{1,4}-[0-9A-Z]{26})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (!match) throw new FanwireError("CURSOR_INVALID", "The page cursor is not one of this server's", { retryable: false });
  return { ms: Number(match[1]), id: match[2] as string };
}
