/** Pages of workflows' event logs, straight from Redis. */

import { FanwireError } from "../errors.js";
import type { ShownReads } from "../store/Replicas.js";
import { readCursor, type LogPosition } from "../workflow/cursor.js";
import type { EventType, WorkflowEvent } from "../workflow/events.js";
import type { JsonValue } from "../workflow/json.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import { markIn, readEntry } from "./eventLines.js";
import { HeardEntries } from "./HeardEntries.js";
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
  itemResults(workflowId: string, node: string, items: readonly number[]): Promise<(JsonValue | undefined)[]>;
  /** Of the item that an instance of an expanded group is of. */
  instanceIdentifier(workflowId: string, path: string): Promise<string | undefined>;
  taskResult(workflowId: string, node: PlanNode, path: string | undefined): Promise<JsonValue | undefined>;
}

export interface LogPage {
  /** Those of the types that were asked for. */
  events: WorkflowEvent[];
  /** Where the next page starts. */
  next: LogPosition;
  /** Whether the last event before that, of any type, is a terminal one. */
  ended: boolean;
  /** Whether the log held more when it was read. */
  more: boolean;
  plan: Plan;
}

/** Entries that have been asked for, and how often a connection had broken by then. */
export interface AskedEntries {
  texts: Promise<readonly string[]>;
  breaks: number;
}

/** Entries per round trip: an entry may hold hundreds of events. */
const ENTRIES_PER_READ = 20;

export class EventLog {
  readonly #entries = new SharedReads<readonly string[]>();
  readonly #pages = new SharedReads<LogPage>();
  readonly #heads = new SharedReads<LogHead | undefined>();

  /** How often a connection broke. Behind each break stands a server that may have lost the newest events, and have written others in their places. */
  #breaks = 0;

  /** @param heard the newest entries of some logs, which need not be read */
  constructor(private readonly redis: ShownReads, readonly access: LogAccess, private readonly heard = new HeardEntries()) {}

  /** Where reading starts, as far as that can be told without the log. @throws FanwireError CURSOR_INVALID */
  static position(after: string | undefined): LogPosition | undefined {
    if (after === "LATEST") return undefined;
    return after === undefined ? { entry: 0, seq: 0 } : readCursor(after);
  }

  /** A connection to Redis broke: every reader makes sure, once, that what it has seen is still there. */
  distrust(): void {
    this.#breaks++;
    this.heard.clear();
  }

  /**
   * Where reading starts.
   * @throws FanwireError NOT_FOUND, CURSOR_INVALID, CURSOR_EXPIRED, CURSOR_AHEAD
   */
  async start(workflowId: string, after: string | undefined): Promise<{ position: LogPosition; plan?: Plan }> {
    const position = EventLog.position(after) ?? { entry: 0, seq: 0 };
    const [head, mark] = await Promise.all([this.#head(workflowId), this.#markAt(workflowId, position)]);
    if (!head) {
      if (position.seq > 0) throw expired(workflowId);
      throw new FanwireError("NOT_FOUND", `There is no workflow ${workflowId}`, { retryable: false });
    }
    const known = head.plan ? { plan: head.plan } : {};
    if (after === "LATEST") return { position: { entry: head.entries, seq: head.seq }, ...known };
    if (position.seq > head.seq || position.entry > head.entries || mark !== position.mark) throw ahead(workflowId, position, head.seq);
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

  /** Entries from the position on, a few at most, for read(). */
  ask(workflowId: string, from: LogPosition): AskedEntries {
    return { texts: this.#texts(workflowId, from), breaks: this.#breaks };
  }

  /** Whether the doorbell that rang last told of nothing behind the position. */
  isHeard(workflowId: string, { entry, breaks }: LogPosition): boolean {
    return breaks === this.#breaks && this.heard.from(workflowId, entry)?.length === 0;
  }

  /**
   * Events after the position, from at most a few entries; the events are the caller's own.
   * @param types absent: all
   * @param known the workflow's plan, for readers of many pages
   * @param asked the entries, when they have been asked for
   * @throws FanwireError CURSOR_EXPIRED when the log was removed, CURSOR_AHEAD when the store lost the event at the position
   */
  async read(workflowId: string, from: LogPosition, types?: readonly EventType[], known?: Plan, asked?: AskedEntries): Promise<LogPage> {
    if (from.breaks !== undefined && from.breaks !== this.#breaks) await this.#check(workflowId, from);
    const breaks = asked?.breaks ?? this.#breaks;
    const page = asked ? await this.#pageOf(workflowId, from, await asked.texts, types, known) : await this.#sharedPage(workflowId, from, types, known);
    // The answer may be of another server than the one that was asked.
    if (breaks !== this.#breaks) await this.#check(workflowId, from);
    return { ...page, next: { ...page.next, breaks } };
  }

  async #sharedPage(workflowId: string, from: LogPosition, types?: readonly EventType[], known?: Plan): Promise<LogPage> {
    const key = `${workflowId} ${from.entry} ${from.seq} ${types ? [...types].sort().join() : ""}`;
    const { answer, shared } = this.#pages.ask(key, () => this.#readPage(workflowId, from, types, known));
    const page = await answer;
    // Enriching changes events, and each reader does that by itself.
    return shared ? { ...page, events: page.events.map((event) => ({ ...event })) } : page;
  }

  /** @throws FanwireError CURSOR_AHEAD when the event at the position is not the one that it was */
  async #check(workflowId: string, position: LogPosition): Promise<void> {
    const [head, mark] = await Promise.all([this.#head(workflowId), this.#markAt(workflowId, position)]);
    if (head && mark !== position.mark) throw ahead(workflowId, position, head.seq);
  }

  /** The mark of the event at a position as the store has it now; undefined without asking when the position has none. */
  async #markAt(workflowId: string, { entry, seq, mark }: LogPosition): Promise<string | undefined> {
    const key = mark === undefined ? undefined : this.access.logKey(workflowId);
    if (!key) return undefined;
    // The event is the last of the entry before, or one in the midst of this one.
    const [before, at] = await this.redis.lrange(key, Math.max(0, entry - 1), entry);
    return (entry > 0 ? markIn(at, seq) : undefined) ?? markIn(before, seq);
  }

  #head(workflowId: string): Promise<LogHead | undefined> {
    return this.#heads.ask(workflowId, () => this.access.head(workflowId)).answer;
  }

  async #readPage(workflowId: string, from: LogPosition, types?: readonly EventType[], known?: Plan): Promise<LogPage> {
    const [texts, plan] = await Promise.all([this.#texts(workflowId, from), known ?? this.access.plan(workflowId)]);
    return this.#pageOf(workflowId, from, texts, types, plan);
  }

  async #pageOf(workflowId: string, from: LogPosition, texts: readonly string[], types?: readonly EventType[], known?: Plan): Promise<LogPage> {
    const plan = known ?? (await this.access.plan(workflowId));
    if (!plan) throw expired(workflowId);
    const wanted = types && new Set(types);
    const entries = texts.map((text, i) => readEntry(workflowId, plan, from.entry + i, text, from.seq, wanted));
    const last = entries.at(-1);
    const mark = last?.mark ?? from.mark;
    return {
      events: entries.flatMap(({ events }) => events), plan,
      next: { entry: from.entry + texts.length, seq: Math.max(from.seq, last?.lastSeq ?? 0), ...(mark === undefined ? {} : { mark }) },
      ended: last !== undefined && last.lastSeq > from.seq && last.ended, more: texts.length === ENTRIES_PER_READ,
    };
  }

  #texts(workflowId: string, { entry }: LogPosition): Promise<readonly string[]> {
    return this.#entries.ask(`${workflowId} ${entry}`, () => this.#readEntries(workflowId, entry)).answer;
  }

  async #readEntries(workflowId: string, from: number): Promise<readonly string[]> {
    const key = this.access.logKey(workflowId);
    if (!key) throw expired(workflowId);
    const heard = this.heard.from(workflowId, from);
    if (heard && heard.length > 0) return heard;
    return this.redis.lrange(key, from, from + ENTRIES_PER_READ - 1);
  }

  /**
   * The events of the entries from one index to another, both included, with their results and identifiers.
   * @returns undefined when the workflow is gone
   */
  async readEntries(workflowId: string, first: number, last: number): Promise<WorkflowEvent[] | undefined> {
    const key = this.access.logKey(workflowId);
    const plan = await this.access.plan(workflowId);
    if (!key || !plan) return undefined;
    const texts = await this.redis.lrange(key, first, last);
    const events = texts.flatMap((text, i) => readEntry(workflowId, plan, first + i, text, 0).events);
    await this.enrich(workflowId, plan, events, true);
    return events;
  }

  /** Indexes of the first entry that was written at a time (epoch ms) or later, and of the last one; undefined when there is none. */
  async since(workflowId: string, ms: number): Promise<{ first: number; last: number } | undefined> {
    const key = this.access.logKey(workflowId);
    if (!key) return undefined;
    const isBefore = async (entry: number): Promise<boolean> => Number(/^\d+ (\d+)/.exec((await this.redis.lindex(key, entry)) ?? "")?.[1] ?? 0) < ms;
    const last = ((await this.access.head(workflowId))?.entries ?? 0) - 1;
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
    return text == null ? undefined : readEntry(workflowId, plan, entry, text, 0).events;
  }

  /** Adds what is stored outside the log: identifiers of items, and results when asked for. @param plan that the events were read with */
  async enrich(workflowId: string, plan: Plan, events: readonly WorkflowEvent[], withResults: boolean): Promise<void> {
    await nameInstances(this.access, workflowId, plan, events);
    const byNode = new Map<string, Extract<WorkflowEvent, { kind: "task" }>[]>();
    for (const event of events) {
      if (event.kind !== "task") continue;
      if (event.itemIndex === undefined && !(withResults && event.type === "TASK_COMPLETED")) continue;
      const key = event.path ? `${event.node}@${event.path}` : String(event.node);
      const list = byNode.get(key);
      if (list) list.push(event);
      else byNode.set(key, [event]);
    }
    for (const [node, list] of byNode) await this.#enrichNode(workflowId, node, list, withResults);
  }

  async #enrichNode(workflowId: string, node: string, events: Extract<WorkflowEvent, { kind: "task" }>[], withResults: boolean): Promise<void> {
    const ofItems = events.filter((event) => event.itemIndex !== undefined);
    const identifiers = await this.access.identifiers(workflowId, node, ofItems.map((event) => event.itemIndex as number));
    ofItems.forEach((event, i) => { event.item = identifiers[i] ?? String(event.itemIndex); });
    if (!withResults) return;
    const completed = ofItems.filter((event) => event.type === "TASK_COMPLETED");
    const results = await this.access.itemResults(workflowId, node, completed.map((event) => event.itemIndex as number));
    completed.forEach((event, i) => { if (results[i] !== undefined) event.result = results[i]; });
    for (const event of events) {
      if (event.itemIndex !== undefined || event.type !== "TASK_COMPLETED") continue;
      const plan = await this.access.plan(workflowId);
      const result = plan && (await this.access.taskResult(workflowId, plan.nodes[event.node] as PlanNode, event.path));
      if (result !== undefined) event.result = result;
    }
  }
}

function expired(workflowId: string): FanwireError {
  return new FanwireError("CURSOR_EXPIRED", `The events of workflow ${workflowId} are no longer kept`, { retryable: false });
}

function ahead(workflowId: string, { seq }: LogPosition, last: number): FanwireError {
  return new FanwireError("CURSOR_AHEAD", `The cursor stands at event ${seq}, but ${seq > last ? `the log of ${workflowId} ends at ${last}` : `the store has lost that event of ${workflowId}`}`, { retryable: false });
}
