/** How readers follow workflows: the log by pages, live events, progress. Implemented by EventManager. */

import type { EventFilter } from "./eventFilter.js";
import type { EventType, WorkflowEvent } from "../workflow/events.js";
import type { TaskCounts, WorkflowStatus } from "../workflow/status.js";
import type { LiveSource } from "./LiveSource.js";

export interface EventPage {
  events: WorkflowEvent[];
  /** Whether the log holds more events after the last of this page now. */
  hasMore: boolean;
}

export interface ReadOptions {
  /** Exclusive; absent: the beginning. */
  after?: string;
  /** Absent: all. */
  types?: readonly EventType[];
  /** Fill in TASK_COMPLETED's result. Costs reads, so ask only when the client selected it. */
  withResults?: boolean;
}

export interface WorkflowProgressSnapshot {
  workflowId: string;
  status: WorkflowStatus;
  percent: number;
  counts: TaskCounts;
  cursor: string;
  atMs: number;
}

export interface EventSource {
  /**
   * One page of the log, oldest first, at most `first` events.
   * @throws FanwireError NOT_FOUND, CURSOR_INVALID, CURSOR_EXPIRED, CURSOR_AHEAD
   */
  readEvents(workflowId: string, first: number, options?: ReadOptions): Promise<EventPage>;

  /**
   * Replay after the cursor, then live, each event exactly once and in order; ends after the terminal event.
   * `after: "LATEST"` starts at the end of the log as it stands when the iterator is made.
   * The iterator pulls: it reads on only when asked for the next event, so a slow consumer costs no memory.
   * @throws FanwireError (from the first next()) NOT_FOUND, CURSOR_INVALID, CURSOR_EXPIRED, CURSOR_AHEAD
   */
  subscribe(workflowId: string, options?: ReadOptions): LiveSource<WorkflowEvent>;

  /**
   * Events of all workflows of the tenant that match, also of those submitted later: each exactly once, those of a workflow in
   * order, behind the cursor of an event of such a subscription; without one, or with LATEST, only those still to come. It
   * never ends by itself, and pulls like the others. Events that went with their workflow are left out.
   * @throws FanwireError (from next()) CURSOR_INVALID, CURSOR_EXPIRED, CURSOR_AHEAD
   */
  subscribeAll(tenant: string, filter: EventFilter, options?: { after?: string; withResults?: boolean }): LiveSource<WorkflowEvent>;

  /** A snapshot at once, then one whenever counts or status change, at most one every `throttleMs`; the last is terminal. */
  progress(workflowId: string, throttleMs: number): LiveSource<WorkflowProgressSnapshot>;
}
