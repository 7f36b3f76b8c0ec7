/** Publishes what happens: pages of the log, live subscriptions that resume, and progress. */

import { FanwireError } from "../errors.js";
import type { WorkflowEvent } from "../workflow/events.js";
import { isWorkflowEnded, percentOf, type TaskCounts, type WorkflowStatus } from "../workflow/status.js";
import type { Plan } from "../workflow/plan.js";
import type { EventLog } from "./EventLog.js";
import { EventMatcher, type EventFilter } from "./eventFilter.js";
import type { EventPage, EventSource, ReadOptions, WorkflowProgressSnapshot } from "./EventSource.js";
import type { FeedEvents } from "./FeedEvents.js";
import type { FeedHub } from "./FeedHub.js";
import { FeedIterator, type FeedReadOptions } from "./FeedIterator.js";
import type { Hub } from "./Hub.js";
import type { LiveSource } from "./LiveSource.js";
import { LogIterator } from "./LogIterator.js";
import { ProgressIterator } from "./ProgressIterator.js";

export interface ProgressState {
  status: WorkflowStatus;
  counts: TaskCounts;
  cursor: string;
}

export class EventManager implements EventSource {
  constructor(
    private readonly log: EventLog,
    private readonly hub: Hub,
    /** The feeds of all shards, and the events that they tell of. */
    private readonly feed: { hub: FeedHub; events: FeedEvents },
    /** Status and counts of a workflow in one read; undefined when it is gone. */
    private readonly state: (workflowId: string) => Promise<ProgressState | undefined>,
  ) {}

  async readEvents(workflowId: string, first: number, options: ReadOptions = {}): Promise<EventPage> {
    const start = await this.log.start(workflowId, options.after);
    let { position } = start;
    let plan: Plan | undefined = start.plan;
    const events: WorkflowEvent[] = [];
    for (;;) {
      const page = await this.log.read(workflowId, position, options.types, plan);
      plan = page.plan;
      events.push(...page.events);
      position = page.next;
      if (events.length > first || !page.more) break;
    }
    const wanted = events.slice(0, first);
    if (plan) await this.log.enrich(workflowId, plan, wanted, options.withResults ?? false);
    return { events: wanted, hasMore: events.length > first };
  }

  subscribe(workflowId: string, options: ReadOptions = {}): LiveSource<WorkflowEvent> {
    return new LogIterator(workflowId, options, this.log, this.hub);
  }

  subscribeAll(tenant: string, filter: EventFilter, options: FeedReadOptions = {}): LiveSource<WorkflowEvent> {
    return new FeedIterator(new EventMatcher(tenant, filter), options, this.feed.hub, this.feed.events);
  }

  progress(workflowId: string, throttleMs: number): LiveSource<WorkflowProgressSnapshot> {
    return new ProgressIterator(workflowId, throttleMs, this.hub, async () => {
      const state = await this.state(workflowId);
      if (!state) throw new FanwireError("NOT_FOUND", `There is no workflow ${workflowId}`, { retryable: false });
      const { status, counts, cursor } = state;
      return { workflowId, status, counts, cursor, percent: isWorkflowEnded(status) && status === "COMPLETED" ? 100 : percentOf(counts), atMs: Date.now() };
    });
  }
}
