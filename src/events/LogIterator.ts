/** One subscription to one workflow's log: replay, then live, by pulling pages. */

import { FanwireError } from "../errors.js";
import type { LogPosition } from "../workflow/cursor.js";
import { isTerminalEvent, type WorkflowEvent } from "../workflow/events.js";
import type { Plan } from "../workflow/plan.js";
import type { EventLog } from "./EventLog.js";
import type { ReadOptions } from "./EventSource.js";
import type { Hub } from "./Hub.js";
import { HubIterator } from "./HubIterator.js";
import { ReadBudget } from "./ReadBudget.js";

export class LogIterator extends HubIterator<WorkflowEvent> {
  readonly #budget = new ReadBudget();
  #position: LogPosition | undefined;
  #plan: Plan | undefined;
  #buffer: WorkflowEvent[] = [];
  #next = 0;
  #sawEnd = false;
  /** The last event read was a terminal one. */
  #behindEnd = false;
  readonly #started: ReturnType<EventLog["start"]>;

  constructor(private readonly workflowId: string, private readonly options: ReadOptions, private readonly log: EventLog, hub: Hub) {
    super((listener) => hub.watch(workflowId, listener));
    this.#started = log.start(workflowId, options.after);
    // Whoever calls next() first gets the error; until then it is nobody's.
    this.#started.catch(() => undefined);
  }

  protected override async take(): Promise<WorkflowEvent | undefined> {
    if (!this.#position) {
      const { position, plan } = await this.#started;
      this.#position = position;
      this.#plan = plan;
    }
    while (!this.ended && this.#next >= this.#buffer.length) {
      if (this.#sawEnd) this.close();
      else if (this.#behindEnd) await this.#lookBehindEnd(this.#position);
      else await this.#fill(this.#position);
    }
    return this.ended ? undefined : this.#buffer[this.#next++];
  }

  async #fill(position: LogPosition): Promise<void> {
    if (!this.rung) {
      await this.waitForRing();
      await this.pause(this.#budget.take());
    }
    if (this.ended) return;
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
    this.#buffer = types ? page.events.filter((event) => types.includes(event.type)) : page.events;
    this.#next = 0;
    await this.log.enrich(this.workflowId, page.plan, this.#buffer, withResults ?? false);
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
