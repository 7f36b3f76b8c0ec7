/** One subscription to many workflows: what the shards' feeds tell of, filtered, by pulling a few entries at a time. */

import type { WorkflowEvent } from "../workflow/events.js";
import type { EventMatcher } from "./eventFilter.js";
import type { FeedEntry, FeedStep } from "./Feed.js";
import { makeFeedCursor, type FeedPosition } from "./feedCursor.js";
import type { FeedEvents } from "./FeedEvents.js";
import type { FeedHub } from "./FeedHub.js";
import { HubIterator } from "./HubIterator.js";

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
  #buffer: Found[] = [];
  #next = 0;

  constructor(private readonly matcher: EventMatcher, private readonly options: FeedReadOptions, private readonly hub: FeedHub, private readonly events: FeedEvents) {
    super((listener) => hub.watch(listener));
    this.#started = hub.start(options.after);
    // Whoever calls next() first gets the error; until then it is nobody's.
    this.#started.catch(() => undefined);
  }

  protected override async take(): Promise<WorkflowEvent | undefined> {
    this.#steps ??= await this.#begin();
    while (!this.ended && this.#next >= this.#buffer.length) {
      if (this.#page.length > 0) await this.#readEntries();
      else await this.#readPage(this.#steps);
    }
    if (this.ended) return undefined;
    const { event, line, lastOfEntry } = this.#buffer[this.#next++] as Found;
    return { ...event, cursor: this.#cursorBehind(this.#steps, event, line, lastOfEntry) };
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

  /** The next steps of the next shard that has any; the shards take turns. */
  async #readPage(position: string[]): Promise<void> {
    if (this.#pageEnd !== undefined) position[this.#shard] = this.#pageEnd;
    this.#pageEnd = undefined;
    if (!this.rung) await this.waitForRing();
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
      return;
    }
  }

  async #readEntries(): Promise<void> {
    const lines = this.#page.splice(0, ENTRIES_PER_READ);
    const found = await Promise.all(lines.map((line, i) => this.#matching(line, i === 0 ? this.#seenSeq : 0)));
    this.#seenSeq = 0;
    this.#buffer = found.flat();
    this.#next = 0;
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
