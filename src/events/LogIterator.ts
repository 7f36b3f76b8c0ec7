/** One subscription to one workflow's log: replay, then live, by pulling pages. */

import { FanwireError } from "../errors.js";
import { makeCursor, type LogPosition } from "../workflow/cursor.js";
import { isTerminalEvent, type WorkflowEvent } from "../workflow/events.js";
import type { Plan } from "../workflow/plan.js";
import type { EventLog } from "./EventLog.js";
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
  readonly #started: ReturnType<EventLog["start"]>;

  constructor(private readonly workflowId: string, private readonly options: ReadOptions, private readonly log: EventLog, private readonly hub: Hub) {
    super((listener) => hub.watch(workflowId, listener));
    this.#started = log.start(workflowId, options.after);
    // Whoever reads first gets the error; until then it is nobody's.
    this.#started.catch(() => undefined);
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
    this.rung = false;
    const page = await this.log.read(this.workflowId, position, this.#plan);
    this.#position = page.next;
    this.#plan = page.plan;
    if (page.more) this.rung = true;
    // Also when the client's filter leaves the terminal event out.
    const last = page.events.at(-1);
    if (last) this.#behindEnd = isTerminalEvent(last);
    else await this.#lookAhead(page.next);
    const { types, withResults } = this.options;
    const events = types ? page.events.filter((event) => types.includes(event.type)) : page.events;
    await this.log.enrich(this.workflowId, page.plan, events, withResults ?? false);
    return events;
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
