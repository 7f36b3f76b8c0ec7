/** One subscription to one workflow's log: replay, then live, by pulling pages. */

import { FanwireError } from "../errors.js";
import { makeCursor, type LogPosition } from "../workflow/cursor.js";
import type { WorkflowEvent } from "../workflow/events.js";
import type { Plan } from "../workflow/plan.js";
import { EventLog, type AskedEntries } from "./EventLog.js";
import type { ReadOptions } from "./EventSource.js";
import type { Hub } from "./Hub.js";
import { HubIterator } from "./HubIterator.js";
import type { LiveSource } from "./LiveSource.js";
import { ReadBudget } from "./ReadBudget.js";

export class LogIterator extends HubIterator<WorkflowEvent> {
  readonly #budget = new ReadBudget();
  #position: LogPosition | undefined;
  #plan: Plan | undefined;
  #sawEnd = false;
  /** The last event read was a terminal one. */
  #behindEnd = false;
  /** Where it stands there were events, and no end: what comes next is told by the doorbell. */
  #follows = false;
  /** The first page, asked for together with whether there is such a log, and how often the bell had rung by then. */
  #first: { asked: AskedEntries; rings: number } | undefined;
  readonly #started: ReturnType<EventLog["start"]>;

  constructor(private readonly workflowId: string, private readonly options: ReadOptions, private readonly log: EventLog, private readonly hub: Hub) {
    super((listener) => hub.watch(workflowId, listener));
    this.#started = log.start(workflowId, options.after);
    // Whoever reads first gets the error; until then it is nobody's.
    this.#started.catch(() => undefined);
    this.#first = this.#readAhead();
  }

  #readAhead(): { asked: AskedEntries; rings: number } | undefined {
    try {
      const position = EventLog.position(this.options.after);
      if (!position) return undefined;
      const asked = this.log.ask(this.workflowId, position);
      asked.texts.catch(() => undefined);
      return { asked, rings: this.rings };
    } catch {
      // The cursor is none: that is told by whoever looks where to start.
      return undefined;
    }
  }

  override get shareKey(): string {
    const { types, withResults } = this.options;
    return `events ${this.workflowId} ${types ? [...types].sort().join() : "*"} ${withResults ?? false}`;
  }

  override get place(): string | undefined {
    return this.#position && makeCursor(this.#position);
  }

  override placeOf(event: WorkflowEvent): string {
    return event.cursor;
  }

  override idOf(event: WorkflowEvent): string {
    return event.cursor;
  }

  override from(place: string): LiveSource<WorkflowEvent> {
    return new LogIterator(this.workflowId, { ...this.options, after: place }, this.log, this.hub);
  }

  override async ready(): Promise<void> {
    if (this.#position) return;
    const { position, plan } = await this.#started;
    this.#position ??= position;
    this.#plan ??= plan;
  }

  protected override delayMs(): number {
    return this.#budget.take();
  }

  protected override async read(): Promise<readonly WorkflowEvent[] | undefined> {
    await this.ready();
    while (!this.ended && !this.#sawEnd) {
      if (this.#behindEnd) await this.#lookBehindEnd(this.#position as LogPosition);
      else if (!this.rung) return [];
      else {
        const events = await this.#page(this.#position as LogPosition);
        if (events.length > 0) return events;
      }
    }
    return undefined;
  }

  async #page(position: LogPosition): Promise<WorkflowEvent[]> {
    const first = this.#first;
    this.#first = undefined;
    this.rung = first !== undefined && first.rings !== this.rings;
    // The bell for what has been read already.
    if (this.#follows && this.log.isHeard(this.workflowId, position)) return [];
    const { types, withResults } = this.options;
    const page = await this.log.read(this.workflowId, position, types, this.#plan, first?.asked);
    this.#position = page.next;
    this.#plan = page.plan;
    if (page.more) this.rung = true;
    this.#follows = page.next.seq > position.seq;
    if (this.#follows) this.#behindEnd = page.ended;
    else await this.#lookAhead(page.next);
    await this.log.enrich(this.workflowId, page.plan, page.events, withResults ?? false);
    return page.events;
  }

  /** Asked once the terminal event has been handed out: there is more when the workflow was retried, nothing when it is gone. */
  async #lookBehindEnd(position: LogPosition): Promise<void> {
    this.#behindEnd = false;
    try {
      await this.#lookAhead(position);
    } catch (error) {
      if (!(error instanceof FanwireError) || error.code !== "CURSOR_EXPIRED") throw error;
      this.#sawEnd = true;
    }
  }

  /** Nothing new, or an end: it may be the log's, or have been overtaken by the log's removal. */
  async #lookAhead(position: LogPosition): Promise<void> {
    const outlook = await this.log.outlook(this.workflowId, position);
    if (outlook === "MORE") this.rung = true;
    this.#sawEnd = outlook === "OVER";
  }
}
