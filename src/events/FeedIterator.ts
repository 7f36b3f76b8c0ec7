/** One subscription to many workflows: what the shards' feeds tell of, filtered, by pulling a few entries at a time. */

import type { WorkflowEvent } from "../workflow/events.js";
import type { EventMatcher } from "./eventFilter.js";
import type { FeedEntry, FeedStep } from "./Feed.js";
import { makeFeedCursor, type FeedPosition } from "./feedCursor.js";
import type { FeedEvents } from "./FeedEvents.js";
import type { FeedHub } from "./FeedHub.js";
import { HubIterator } from "./HubIterator.js";
import type { LiveSource } from "./LiveSource.js";

const STEPS_PER_PAGE = 50;
/** Entries whose events are read at once. */
const ENTRIES_PER_READ = 50;

export interface FeedReadOptions {
  /** Exclusive; absent or LATEST: only what is still to come. */
  after?: string;
  withResults?: boolean;
}

/** An entry of a page, and its place in the feed. */
interface Line extends FeedEntry {
  stepId: string;
  line: number;
  /** The step holds no more entries behind it. */
  lastOfStep: boolean;
}

/** An event that matches. */
interface Found { event: WorkflowEvent; line: Line; lastOfEntry: boolean }

export class FeedIterator extends HubIterator<WorkflowEvent> {
  readonly #started: Promise<FeedPosition>;
  /** Per shard, the step that the last event handed out is of; when a page is done with, its last one. */
  #steps: string[] | undefined;
  /** The rest of the page that is being read: of one shard, so that a cursor stands inside one step at most. */
  #page: Line[] = [];
  #pageEnd: string | undefined;
  #shard = 0;
  /** Of the first entry of the page, when a cursor stood inside it: the last event seen. */
  #seenSeq = 0;
  #place: string | undefined;

  constructor(private readonly matcher: EventMatcher, private readonly options: FeedReadOptions, private readonly hub: FeedHub, private readonly events: FeedEvents) {
    super((listener) => hub.watch(listener));
    this.#started = hub.start(options.after);
    // Whoever reads first gets the error; until then it is nobody's.
    this.#started.catch(() => undefined);
  }

  override get shareKey(): string {
    return `feed ${this.matcher.key} ${this.options.withResults ?? false}`;
  }

  override get place(): string | undefined {
    return this.#place;
  }

  override placeOf(event: WorkflowEvent): string {
    return event.cursor;
  }

  /** Where shards take turns, the same place can be reached by one event or another. */
  override idOf({ workflowId, seq, cursor }: WorkflowEvent): string {
    return `${workflowId} ${seq} ${cursor}`;
  }

  override from(place: string): LiveSource<WorkflowEvent> {
    return new FeedIterator(this.matcher, { ...this.options, after: place }, this.hub, this.events);
  }

  override async ready(): Promise<void> {
    if (this.#steps) return;
    const steps = await this.#begin();
    this.#steps ??= steps;
    this.#place ??= this.options.after === undefined || this.options.after === "LATEST" ? makeFeedCursor({ steps }) : this.options.after;
  }

  protected override delayMs(): number {
    return 0;
  }

  protected override async read(): Promise<readonly WorkflowEvent[] | undefined> {
    await this.ready();
    const steps = this.#steps as string[];
    while (!this.ended) {
      if (this.#page.length > 0) {
        const events = await this.#readEntries(steps);
        if (events.length > 0) return events;
      } else if (!(await this.#readPage(steps))) return [];
    }
    return undefined;
  }

  async #begin(): Promise<string[]> {
    const { steps, inside } = await this.#started;
    if (inside) {
      this.#shard = inside.shard;
      this.#seenSeq = inside.seq;
      this.#pageEnd = steps[inside.shard];
      this.#page = linesOf([await this.hub.step(inside.shard, steps[inside.shard] as string)]).slice(inside.line);
    }
    return [...steps];
  }

  /** The next steps of the next shard that has any; the shards take turns. @returns whether there may have been any */
  async #readPage(position: string[]): Promise<boolean> {
    if (this.#pageEnd !== undefined) {
      position[this.#shard] = this.#pageEnd;
      this.#place = makeFeedCursor({ steps: position });
    }
    this.#pageEnd = undefined;
    if (!this.rung) return false;
    this.rung = false;
    for (let turn = 1; turn <= position.length && !this.ended; turn++) {
      const shard = (this.#shard + turn) % position.length;
      const steps = await this.hub.after(shard, position[shard] as string, STEPS_PER_PAGE);
      if (steps.length === 0) continue;
      this.#shard = shard;
      this.#page = linesOf(steps);
      this.#pageEnd = steps.at(-1)?.id;
      // There may be more, here or in the shards that were not looked at.
      this.rung = true;
      break;
    }
    return true;
  }

  async #readEntries(steps: string[]): Promise<WorkflowEvent[]> {
    const lines = this.#page.splice(0, ENTRIES_PER_READ);
    const found = await Promise.all(lines.map((line, i) => this.#matching(line, i === 0 ? this.#seenSeq : 0)));
    this.#seenSeq = 0;
    const events = found.flat().map(({ event, line, lastOfEntry }) => ({ ...event, cursor: this.#cursorBehind(steps, event, line, lastOfEntry) }));
    this.#place = events.at(-1)?.cursor ?? this.#place;
    return events;
  }

  async #matching(line: Line, seenSeq: number): Promise<Found[]> {
    if (!this.matcher.mayMatch(line.workflowId)) return [];
    const identity = await this.events.identity(line.workflowId);
    if (!identity || !this.matcher.matchesWorkflow(identity)) return [];
    const events = await this.events.of(line.stepId, line, identity, this.options.withResults ?? false);
    return events.flatMap((event, i) => (event.seq > seenSeq && this.matcher.matchesType(event.type) ? [{ event, line, lastOfEntry: i === events.length - 1 }] : []));
  }

  #cursorBehind(steps: string[], { seq }: WorkflowEvent, { stepId, line, lastOfStep }: Line, lastOfEntry: boolean): string {
    steps[this.#shard] = stepId;
    if (lastOfEntry && lastOfStep) return makeFeedCursor({ steps });
    return makeFeedCursor({ steps, inside: lastOfEntry ? { shard: this.#shard, line: line + 1, seq: 0 } : { shard: this.#shard, line, seq } });
  }
}

function linesOf(steps: readonly FeedStep[]): Line[] {
  return steps.flatMap(({ id, entries }) => entries.map((entry, line) => ({ ...entry, stepId: id, line, lastOfStep: line === entries.length - 1 })));
}
