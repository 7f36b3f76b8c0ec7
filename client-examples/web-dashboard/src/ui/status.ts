/** How statuses are named, ordered and drawn: never by colour alone. */

import type { CountsFragment, TaskStatus, WorkflowStatus } from "../../generated/graphql.js";

export type Status = TaskStatus | WorkflowStatus;

/** Also what the style sheets call them. */
export function statusClass(status: Status): string {
  return `s-${status.toLowerCase().replace("_", "")}`;
}

const SIGNS: Record<Status, string> = {
  PENDING: "○", READY: "◔", RUNNING: "●", WAITING: "◷", COMPLETED: "✓", FAILED: "✕", TIMED_OUT: "◴", SKIPPED: "↷", CANCELLED: "⊘", PAUSED: "‖",
};

export function statusSign(status: Status): string {
  return SIGNS[status];
}

export function statusName(status: Status): string {
  return status.toLowerCase().replace("_", " ");
}

const ENDS: ReadonlySet<Status> = new Set<Status>(["COMPLETED", "FAILED", "TIMED_OUT", "SKIPPED", "CANCELLED"]);

export function isEnd(status: Status): boolean {
  return ENDS.has(status);
}

export interface Share {
  status: TaskStatus;
  count: number;
}

/** From what has ended well to what has not begun: the order in a bar. */
export function shares(counts: CountsFragment): Share[] {
  const all: Share[] = [
    { status: "COMPLETED", count: counts.completed },
    { status: "SKIPPED", count: counts.skipped },
    { status: "FAILED", count: counts.failed },
    { status: "TIMED_OUT", count: counts.timedOut },
    { status: "CANCELLED", count: counts.cancelled },
    { status: "RUNNING", count: counts.running },
    { status: "WAITING", count: counts.waiting },
    { status: "READY", count: counts.ready },
    { status: "PENDING", count: counts.pending },
  ];
  return all.filter(({ count }) => count > 0);
}

export function ended(counts: CountsFragment): number {
  return counts.completed + counts.skipped + counts.failed + counts.timedOut + counts.cancelled;
}
