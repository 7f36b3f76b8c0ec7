/** Every step that a task, an item or a workflow can take: from which status to which, what makes it, and the event that tells. */

import type { EventType } from "./events.js";
import type { TaskStatus, WorkflowStatus } from "./status.js";

/**
 * What a step is about, when not about tasks and items alike. TASK: tasks only. ITEM: items only. EXPANDED: tasks that have items.
 */
export type StepOf = "TASK" | "ITEM" | "EXPANDED";
/**
 * What must have happened for a step without an event. LOST: the worker died, lost its lease, or handed the unit back.
 * RETRIED: retryWorkflow opened the workflow again. UNDONE: so it did, and the task had been compensated, or came after one that had.
 */
export type StepAfter = "LOST" | "RETRIED" | "UNDONE";

export interface Transition<Status extends string> {
  /** Absent: it begins to exist. */
  readonly from?: Status;
  readonly to: Status;
  /** Absent: the log does not tell of it. */
  readonly event?: EventType;
  /** What makes it, for people. */
  readonly by: string;
  readonly of?: StepOf;
  readonly after?: StepAfter;
}

/** The same step from several statuses. */
function from<Status extends string>(statuses: readonly Status[], step: Omit<Transition<Status>, "from">): Transition<Status>[] {
  return statuses.map((status) => ({ from: status, ...step }));
}

export const TASK_TRANSITIONS: readonly Transition<TaskStatus>[] = [
  { to: "PENDING", by: "submitted, or expanded" },
  { from: "PENDING", to: "READY", event: "TASK_READY", by: "nothing is left to wait for", of: "TASK" },
  { from: "PENDING", to: "READY", by: "admitted to the window", of: "ITEM" },
  { from: "READY", to: "RUNNING", event: "TASK_STARTED", by: "claimed" },
  { from: "PENDING", to: "RUNNING", event: "TASK_READY", by: "retryWorkflow", of: "EXPANDED" },
  { from: "RUNNING", to: "READY", by: "worker lost", after: "LOST" },
  { from: "RUNNING", to: "RUNNING", event: "TASK_EXPANDED", by: "items found", of: "TASK" },
  { from: "RUNNING", to: "RUNNING", event: "TASK_PROGRESS", by: "progress" },
  { from: "RUNNING", to: "WAITING", event: "TASK_WAITING", by: "delay, signal" },
  ...from(["RUNNING", "WAITING"], { to: "WAITING", event: "TASK_RETRYING", by: "failed, tries again" }),
  { from: "WAITING", to: "READY", by: "retry due" },
  ...from(["RUNNING", "WAITING"], { to: "COMPLETED", event: "TASK_COMPLETED", by: "done" }),
  ...from(["RUNNING", "WAITING"], { to: "FAILED", event: "TASK_FAILED", by: "failed" }),
  ...from(["RUNNING", "WAITING"], { to: "TIMED_OUT", event: "TASK_TIMED_OUT", by: "out of time" }),
  ...from(["PENDING", "READY"], { to: "TIMED_OUT", event: "TASK_TIMED_OUT", by: "it, or its group, is out of time", of: "TASK" }),
  { from: "PENDING", to: "SKIPPED", event: "TASK_SKIPPED", by: "upstream", of: "TASK" },
  { from: "RUNNING", to: "SKIPPED", event: "TASK_SKIPPED", by: "its condition", of: "TASK" },
  ...from(["PENDING", "READY", "RUNNING", "WAITING"], { to: "CANCELLED", event: "TASK_CANCELLED", by: "cancelled", of: "TASK" }),
  ...from(["PENDING", "READY", "RUNNING", "WAITING"], { to: "CANCELLED", by: "its task ended", of: "ITEM" }),
  ...from(["FAILED", "TIMED_OUT", "CANCELLED", "SKIPPED"], { to: "PENDING", by: "retryWorkflow", after: "RETRIED" }),
  { from: "COMPLETED", to: "PENDING", by: "retryWorkflow, undone before", after: "UNDONE" },
];

export const WORKFLOW_TRANSITIONS: readonly Transition<WorkflowStatus>[] = [
  { to: "PENDING", event: "WORKFLOW_SUBMITTED", by: "submitWorkflow" },
  { from: "PENDING", to: "RUNNING", event: "WORKFLOW_STARTED", by: "first claim" },
  ...from(["PENDING", "RUNNING"], { to: "PAUSED", event: "WORKFLOW_PAUSED", by: "pauseWorkflow" }),
  { from: "PAUSED", to: "PENDING", event: "WORKFLOW_RESUMED", by: "resumeWorkflow, never started" },
  { from: "PAUSED", to: "RUNNING", event: "WORKFLOW_RESUMED", by: "resumeWorkflow" },
  ...from(["RUNNING", "PAUSED"], { to: "COMPLETED", event: "WORKFLOW_COMPLETED", by: "the last task ends" }),
  ...from(["RUNNING", "PAUSED"], { to: "FAILED", event: "WORKFLOW_FAILED", by: "the last task ends, one failed it" }),
  ...from(["PENDING", "RUNNING", "PAUSED"], { to: "CANCELLED", event: "WORKFLOW_CANCELLED", by: "cancelWorkflow" }),
  ...from(["PENDING", "RUNNING", "PAUSED"], { to: "TIMED_OUT", event: "WORKFLOW_TIMED_OUT", by: "out of time" }),
  ...from(["FAILED", "CANCELLED", "TIMED_OUT"], { to: "RUNNING", event: "WORKFLOW_RETRIED", by: "retryWorkflow" }),
  // One that was cancelled before anything of it was claimed starts when it is retried.
  { from: "RUNNING", to: "RUNNING", event: "WORKFLOW_STARTED", by: "retryWorkflow, never started" },
];

/**
 * The status after an event; undefined when the event may not come now.
 * @param of what it is about
 * @param after what has happened besides, so that steps without an event count that it makes
 */
export function taskStep(status: TaskStatus, event: EventType, of: StepOf, after: readonly StepAfter[] = []): TaskStatus | undefined {
  const fits = (step: Transition<TaskStatus>): boolean => step.of === undefined || step.of === of || (step.of === "TASK" && of === "EXPANDED");
  const reached = new Set([status]);
  for (const at of reached) {
    // Of two steps for one event the one that is about exactly this counts.
    const steps = TASK_TRANSITIONS.filter((step) => step.from === at && step.event === event && fits(step));
    const step = steps.find((candidate) => candidate.of === of) ?? steps[0];
    if (step) return step.to;
    for (const silent of TASK_TRANSITIONS) {
      if (silent.from === at && silent.event === undefined && fits(silent) && (silent.after === undefined || after.includes(silent.after))) reached.add(silent.to);
    }
  }
  return undefined;
}

/** Whether an event may take a workflow from one status to the other. @param status undefined before the first event */
export function isWorkflowStep(status: WorkflowStatus | undefined, event: EventType, to: WorkflowStatus): boolean {
  return WORKFLOW_TRANSITIONS.some((step) => step.from === status && step.event === event && step.to === to);
}
