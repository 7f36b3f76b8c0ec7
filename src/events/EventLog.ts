/** Pages of workflows' event logs, straight from Redis. */

import type { Redis } from "ioredis";
import { FanwireError } from "../errors.js";
import { readCursor, type LogPosition } from "../workflow/cursor.js";
import type { TaskEvent, WorkflowEvent } from "../workflow/events.js";
import type { JsonValue } from "../workflow/json.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import { eventsOfEntry } from "./eventLines.js";
import { Filling, roughBytes } from "./Filling.js";
import { nameInstances } from "./instanceNames.js";
import { SharedReads } from "./SharedReads.js";

export interface LogHead {
  seq: number;
  entries: number;
  ended: boolean;
  /** When this process has it already: it spares the first page a round trip. */
  plan?: Plan;
}

/** What the log needs to know of the store that writes it. */
export interface LogAccess {
  /** Key of a workflow's log list; undefined for ids that cannot be. */
  logKey(workflowId: string): string | undefined;
  /** Header fields: seq of the newest event, entries in the log, whether it ended; undefined when the workflow is gone. */
  head(workflowId: string): Promise<LogHead | undefined>;
  plan(workflowId: string): Promise<Plan | undefined>;
  identifiers(workflowId: string, node: string, items: readonly number[]): Promise<(string | undefined)[]>;
  /** Of the first of these items, as many as there is room for, and `least` at least; they are read by chunks. */
  itemResults(workflowId: string, node: string, items: readonly number[], mostBytes: number, least: 0 | 1): Promise<{ results: (JsonValue | undefined)[]; bytes: number }>;
  /** Of the item that an instance of an expanded group is of. */
  instanceIdentifier(workflowId: string, path: string): Promise<string | undefined>;
  taskResult(workflowId: string, node: PlanNode, path: string | undefined): Promise<JsonValue | undefined>;
}

export interface LogPage {
  events: WorkflowEvent[];
  /** Where the next page starts. */
  next: LogPosition;
  /** Whether the log held more when it was read. */
  more: boolean;
  plan: Plan;
  /** Of an entry of the page, on average. */
  entryBytes: number;
}

/** Entries per round trip: an entry may hold hundreds of events. */
const ENTRIES_PER_READ = 20;

/** What a reader takes at once of entries, and of results: more comes in the next page. */
export const PAGE_BYTES = 4 * 1024 * 1024;

export class EventLog {
  readonly #pages = new SharedReads<LogPage>();
  readonly #heads = new SharedReads<LogHead | undefined>();

  constructor(private readonly redis: Redis, readonly access: LogAccess) {}

  /**
   * Where reading starts.
   * @throws FanwireError NOT_FOUND, CURSOR_INVALID, CURSOR_EXPIRED, CURSOR_AHEAD
   */
  async start(workflowId: string, after: string | undefined): Promise<{ position: LogPosition; plan?: Plan }> {
    const position = after === undefined || after === "LATEST" ? { entry: 0, seq: 0 } : readCursor(after);
    const head = await this.#head(workflowId);
    if (!head) {
      if (position.seq > 0) throw expired(workflowId);
      throw new FanwireError("NOT_FOUND", `There is no workflow ${workflowId}`, { retryable: false });
    }
    const known = head.plan ? { plan: head.plan } : {};
    if (after === "LATEST") return { position: { entry: head.entries, seq: head.seq }, ...known };
    if (position.seq > head.seq || position.entry > head.entries) throw ahead(workflowId, position, head.seq);
    return { position, ...known };
  }

  /**
   * What to make of an empty page: MORE came meanwhile, more may COME, or the log is OVER.
   * @throws FanwireError CURSOR_EXPIRED when the log was removed, CURSOR_AHEAD when the store lost its newest events
   */
  async outlook(workflowId: string, position: LogPosition): Promise<"MORE" | "COME" | "OVER"> {
    const head = await this.#head(workflowId);
    if (!head) throw expired(workflowId);
    if (position.seq > head.seq) throw ahead(workflowId, position, head.seq);
    if (position.seq < head.seq) return "MORE";
    return head.ended ? "OVER" : "COME";
  }

  /**
   * Events after the position, from at most a few entries; the events are the caller's own.
   * @param before the reader's last page: its plan is the log's, and entries are taken to be as large as its
   */
  async read(workflowId: string, from: LogPosition, before?: Partial<Pick<LogPage, "plan" | "entryBytes">>, mostEntries = ENTRIES_PER_READ): Promise<LogPage> {
    const count = Math.min(mostEntries, entriesPerRead(before?.entryBytes));
    const { answer, shared } = this.#pages.ask(`${workflowId} ${from.entry} ${from.seq} ${count}`, () => this.#readPage(workflowId, from, count, before?.plan));
    const page = await answer;
    // Enriching changes events, and each reader does that by itself.
    return shared ? { ...page, events: page.events.map((event) => ({ ...event })) } : page;
  }

  #head(workflowId: string): Promise<LogHead | undefined> {
    return this.#heads.ask(workflowId, () => this.access.head(workflowId)).answer;
  }

  async #readPage(workflowId: string, from: LogPosition, count: number, known?: Plan): Promise<LogPage> {
    const key = this.access.logKey(workflowId);
    const plan = known ?? (await this.access.plan(workflowId));
    if (!key || !plan) throw expired(workflowId);
    const entries = await this.redis.lrange(key, from.entry, from.entry + count - 1);
    const events = entries.flatMap((text, i) => eventsOfEntry(workflowId, plan, from.entry + i, text, from.seq));
    const seq = events.at(-1)?.seq ?? from.seq;
    const entryBytes = entries.length === 0 ? 0 : entries.reduce((sum, text) => sum + text.length, 0) / entries.length;
    return { events, plan, next: { entry: from.entry + entries.length, seq }, more: entries.length === count, entryBytes };
  }

  /**
   * The events of the entries from one index to another, both included, with their results and identifiers, a page at a time.
   * @throws FanwireError CURSOR_EXPIRED when the workflow is gone
   */
  async *readEntries(workflowId: string, first: number, last: number): AsyncGenerator<WorkflowEvent[]> {
    let before: LogPage | undefined;
    for (let from = first; from <= last; from = before.next.entry) {
      before = await this.read(workflowId, { entry: from, seq: 0 }, before, last - from + 1);
      // Nothing comes of a log that has been cut.
      if (before.events.length === 0) return;
      const { plan } = before;
      const events = [...before.events];
      for (let count = await this.enrich(workflowId, plan, events, true); count > 0; count = await this.fill(workflowId, plan, events)) {
        // What has been handed out is kept no longer.
        yield events.splice(0, count);
      }
    }
  }

  /** Indexes of the first entry that was written at a time (epoch ms) or later, and of the last one; undefined when there is none. */
  async since(workflowId: string, ms: number): Promise<{ first: number; last: number } | undefined> {
    const key = this.access.logKey(workflowId);
    if (!key) return undefined;
    const isBefore = async (entry: number): Promise<boolean> => Number(/^\d+ (\d+)/.exec((await this.redis.lindex(key, entry)) ?? "")?.[1] ?? 0) < ms;
    const last = (await this.redis.llen(key)) - 1;
    if (last < 0 || (await isBefore(last))) return undefined;
    let [from, to] = [0, last];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if (await isBefore(middle)) from = middle + 1;
      else to = middle;
    }
    return { first: from, last };
  }

  /** All events of one entry; undefined when it is gone. @param plan the workflow's */
  async entry(workflowId: string, entry: number, plan: Plan): Promise<WorkflowEvent[] | undefined> {
    const key = this.access.logKey(workflowId);
    const text = key && (await this.redis.lindex(key, entry));
    return text == null ? undefined : eventsOfEntry(workflowId, plan, entry, text, 0);
  }

  /**
   * Adds what is stored outside the log: identifiers of items to all, and results when asked for, as far as fill() goes.
   * @param plan that the events were read with
   * @returns how many of the events, from the first on, have all that is theirs
   */
  async enrich(workflowId: string, plan: Plan, events: readonly WorkflowEvent[], withResults: boolean, mostBytes = PAGE_BYTES): Promise<number> {
    await nameInstances(this.access, workflowId, plan, events);
    for (const { node, list } of byNode(events, ({ itemIndex }) => itemIndex !== undefined)) {
      const identifiers = await this.access.identifiers(workflowId, node, list.map((event) => event.itemIndex as number));
      list.forEach((event, i) => { event.item = identifiers[i] ?? String(event.itemIndex); });
    }
    return withResults ? this.fill(workflowId, plan, events, mostBytes) : events.length;
  }

  /**
   * Adds results to the first of these events, as many as there is room for.
   * @param least how many must get theirs, whether there is room or not
   * @returns how many have all that is theirs: ask again for the others when these have been worked off
   */
  async fill(workflowId: string, plan: Plan, events: readonly WorkflowEvent[], mostBytes = PAGE_BYTES, least: 0 | 1 = 1): Promise<number> {
    const filling = new Filling(mostBytes, least);
    const lacking = byNode(events, ({ type, result }) => type === "TASK_COMPLETED" && result === undefined);
    for (const { node, ofItems, list } of lacking) {
      if (ofItems) await this.#fillItems(workflowId, node, list, filling);
      else await this.#fillTasks(workflowId, plan, list, filling);
    }
    return filling.cut === undefined ? events.length : events.indexOf(filling.cut);
  }

  async #fillTasks(workflowId: string, plan: Plan, events: readonly TaskEvent[], filling: Filling): Promise<void> {
    for (const event of events) {
      if (!filling.takes(event)) return;
      const result = await this.access.taskResult(workflowId, plan.nodes[event.node] as PlanNode, event.path);
      if (result !== undefined) event.result = result;
      filling.add(roughBytes(result, PAGE_BYTES));
    }
  }

  async #fillItems(workflowId: string, node: string, events: readonly TaskEvent[], filling: Filling): Promise<void> {
    const [first] = events;
    if (!first || !filling.takes(first)) return;
    const { results, bytes } = await this.access.itemResults(workflowId, node, events.map((event) => event.itemIndex as number), filling.leftBytes, filling.least);
    results.forEach((result, i) => { if (result !== undefined) (events[i] as TaskEvent).result = result; });
    filling.add(bytes);
    const next = events[results.length];
    if (next) filling.cutAt(next);
  }
}

interface OfNode { node: string; ofItems: boolean; list: TaskEvent[] }

/** Those of a task and those of its items apart, in the order of their first events: whoever begins with the first makes progress. */
function byNode(events: readonly WorkflowEvent[], wanted: (event: TaskEvent) => boolean): OfNode[] {
  const found = new Map<string, OfNode>();
  for (const event of events) {
    if (event.kind !== "task" || !wanted(event)) continue;
    const node = event.path ? `${event.node}@${event.path}` : String(event.node);
    const ofItems = event.itemIndex !== undefined;
    const key = ofItems ? node : `${node}!`;
    const known = found.get(key);
    if (known) known.list.push(event);
    else found.set(key, { node, ofItems, list: [event] });
  }
  return [...found.values()];
}

/** As many entries of the size as a page may hold. */
function entriesPerRead(bytes: number | undefined): number {
  return bytes ? Math.max(1, Math.min(ENTRIES_PER_READ, Math.floor(PAGE_BYTES / bytes))) : ENTRIES_PER_READ;
}

function expired(workflowId: string): FanwireError {
  return new FanwireError("CURSOR_EXPIRED", `The events of workflow ${workflowId} are no longer kept`, { retryable: false });
}

function ahead(workflowId: string, { seq }: LogPosition, last: number): FanwireError {
  return new FanwireError("CURSOR_AHEAD", `The cursor stands at event ${seq}, but the log of ${workflowId} ends at ${last}`, { retryable: false });
}
