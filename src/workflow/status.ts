/** Statuses of workflows, groups, tasks and items, and the questions asked about them. */

export const WORKFLOW_STATUSES = ["PENDING", "RUNNING", "PAUSED", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"] as const;
export type WorkflowStatus = (typeof WORKFLOW_STATUSES)[number];

export const TASK_STATUSES = [
  "PENDING", "READY", "RUNNING", "WAITING", "COMPLETED", "FAILED", "SKIPPED", "CANCELLED", "TIMED_OUT",
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

export function isWorkflowEnded(status: WorkflowStatus): boolean {
  return status === "COMPLETED" || status === "FAILED" || status === "CANCELLED" || status === "TIMED_OUT";
}

export function isTaskEnded(status: TaskStatus): boolean {
  return status === "COMPLETED" || status === "FAILED" || status === "SKIPPED" || status === "CANCELLED" || status === "TIMED_OUT";
}

/** How many tasks and items stand in each status. An expanded task counts as its items once it is expanded. */
export interface TaskCounts {
  total: number;
  pending: number;
  ready: number;
  running: number;
  waiting: number;
  completed: number;
  failed: number;
  skipped: number;
  cancelled: number;
  timedOut: number;
}

export function noCounts(): TaskCounts {
  return { total: 0, pending: 0, ready: 0, running: 0, waiting: 0, completed: 0, failed: 0, skipped: 0, cancelled: 0, timedOut: 0 };
}

export const COUNT_OF_STATUS: Readonly<Record<TaskStatus, Exclude<keyof TaskCounts, "total">>> = {
  PENDING: "pending", READY: "ready", RUNNING: "running", WAITING: "waiting", COMPLETED: "completed",
  FAILED: "failed", SKIPPED: "skipped", CANCELLED: "cancelled", TIMED_OUT: "timedOut",
};

export function addCounts(into: TaskCounts, more: TaskCounts): TaskCounts {
  for (const key of Object.keys(into) as (keyof TaskCounts)[]) into[key] += more[key];
  return into;
}

/** 0 to 100: the share of tasks and items known so far that have ended. */
export function percentOf(counts: TaskCounts): number {
  if (counts.total === 0) return 0;
  const ended = counts.completed + counts.failed + counts.skipped + counts.cancelled + counts.timedOut;
  return Math.round((ended / counts.total) * 10000) / 100;
}
