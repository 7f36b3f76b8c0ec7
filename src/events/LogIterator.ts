/** One subscription to one workflow's log: replay, then live, by pulling pages. Made by hand, because an async generator cannot be closed while it waits. */

import { FanwireError } from "../errors.js";
import type { LogPosition } from "../workflow/cursor.js";
import { isTerminalEvent, type WorkflowEvent } from "../workflow/events.js";
import type { Plan } from "../workflow/plan.js";
import type { EventLog } from "./EventLog.js";
import type { ReadOptions } from "./EventSource.js";
import type { Hub } from "./Hub.js";
import { ReadBudget } from "./ReadBudget.js";

const END: IteratorResult<WorkflowEvent> = { value: undefined, done: true };

export class LogIterator implements AsyncIterableIterator<WorkflowEvent> {
  #position: LogPosition | undefined;
  readonly #budget = new ReadBudget();
  #plan: Plan | undefined;
  #buffer: WorkflowEvent[] = [];
  #next = 0;
  #ended = false;
  #sawEnd = false;
  /** The last event read was a terminal one. */
  #behindEnd = false;
  /** The log may have more than was read. */
  #rung = true;
  #wake: (() => void) | undefined;
  readonly #unwatch: () => void;
  /** Calls of next() are answered one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #started: ReturnType<EventLog["start"]>;

  constructor(private readonly workflowId: string, private readonly options: ReadOptions, private readonly log: EventLog, hub: Hub) {
    this.#unwatch = hub.watch(workflowId, () => {
      this.#rung = true;
      this.#wake?.();
    });
    this.#started = log.start(workflowId, options.after);
    // Whoever calls next() first gets the error; until then it is nobody's.
    this.#started.catch(() => undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WorkflowEvent>> {
    const result = this.#last.then(() => this.#take());
    this.#last = result.catch(() => undefined);
    return result;
  }

  return(): Promise<IteratorResult<WorkflowEvent>> {
    this.#close();
    return Promise.resolve(END);
  }

  throw(error: unknown): Promise<IteratorResult<WorkflowEvent>> {
    this.#close();
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }

  async #take(): Promise<IteratorResult<WorkflowEvent>> {
    try {
      if (!this.#ended && !this.#position) {
        const { position, plan } = await this.#started;
        this.#position = position;
        this.#plan = plan;
      }
      while (!this.#ended && this.#next >= this.#buffer.length) {
        if (this.#sawEnd) this.#close();
        else if (this.#behindEnd) await this.#lookBehindEnd(this.#position as LogPosition);
        else await this.#fill(this.#position as LogPosition);
      }
    } catch (error) {
      this.#close();
      throw error;
    }
    return this.#ended ? END : { value: this.#buffer[this.#next++] as WorkflowEvent, done: false };
  }

  async #fill(position: LogPosition): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => { this.#wake = resolve; });
      this.#wake = undefined;
      await this.#pause(this.#budget.take());
    }
    if (this.#ended) return;
    this.#rung = false;
    const page = await this.log.read(this.workflowId, position, this.#plan);
    this.#position = page.next;
    this.#plan = page.plan;
    if (page.more) this.#rung = true;
    // Also when the client's filter leaves the terminal event out.
    const last = page.events.at(-1);
    if (last) this.#behindEnd = isTerminalEvent(last);
    else await this.#lookAhead(page.next);
    const { types, withResults } = this.options;
    this.#buffer = types ? page.events.filter((event) => types.includes(event.type)) : page.events;
    this.#next = 0;
    await this.log.enrich(this.workflowId, this.#buffer, withResults ?? false);
  }

  /** Ends early when the iterator is closed. */
  #pause(ms: number): Promise<void> | undefined {
    if (ms === 0 || this.#ended) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!this.#ended) return;
        clearTimeout(timer);
        resolve();
      };
    });
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
    if (outlook === "MORE") this.#rung = true;
    this.#sawEnd = outlook === "OVER";
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unwatch();
    this.#wake?.();
  }
}
