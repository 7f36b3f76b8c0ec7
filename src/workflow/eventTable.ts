/** What each event tells, for people: the table of docs/events.md. */

import type { EventType } from "./events.js";

export interface EventEntry {
  /** Which type of the API it is. */
  readonly kind: "WorkflowStatusEvent" | "GroupEvent" | "TaskEvent" | "ContextEvent";
  readonly meaning: string;
  /** Fields with a value, besides those that every event of the kind has. */
  readonly fields?: readonly string[];
}

function of(kind: EventEntry["kind"]): (meaning: string, ...fields: string[]) => EventEntry {
  return (meaning, ...fields) => ({ kind, meaning, ...(fields.length > 0 ? { fields } : {}) });
}
const workflow = of("WorkflowStatusEvent");
const group = of("GroupEvent");
const task = of("TaskEvent");

export const EVENT_TABLE: Readonly<Record<EventType, EventEntry>> = {
  WORKFLOW_SUBMITTED: workflow("The workflow was accepted: from here on it survives a crash of anything."),
  WORKFLOW_STARTED: workflow("Its first task was claimed, or it waits for keys from outside alone."),
  WORKFLOW_PAUSED: workflow("Nothing new of it starts."),
  WORKFLOW_RESUMED: workflow("It goes on where it stood."),
  WORKFLOW_RETRIED: workflow("It had ended and was opened again: what did not complete runs once more."),
  WORKFLOW_COMPLETED: workflow("It has ended, and all that it needed has completed."),
  WORKFLOW_FAILED: workflow("It has ended, and a task that it needed has failed.", "error"),
  WORKFLOW_CANCELLED: workflow("It was cancelled.", "error"),
  WORKFLOW_TIMED_OUT: workflow("It has ended because its own time was over.", "error"),
  GROUP_STARTED: group("The first task of the group, or of one instance of an expanded group, is ready."),
  GROUP_COMPLETED: group("Everything in it has ended, and well enough."),
  GROUP_FAILED: group("Everything in it has ended, and a task that it needed has failed."),
  TASK_READY: task("Nothing is left to wait for: a worker may claim it."),
  TASK_EXPANDED: task("Its items are known.", "itemCount"),
  TASK_STARTED: task("A worker has claimed it, or an item of it.", "worker"),
  TASK_PROGRESS: task("The handler tells how far it is.", "progress"),
  TASK_WAITING: task("It waits for a time, a signal or an approval; no worker is held."),
  TASK_RETRYING: task("An attempt has failed, and another one follows.", "error", "worker"),
  TASK_COMPLETED: task("It has ended with a result; of an expanded task first each item, then the task.", "result", "worker"),
  TASK_FAILED: task("It has ended without a result.", "error", "worker"),
  TASK_SKIPPED: task("It will not run: its condition was not truthy, or what it depends on can never come.", "error"),
  TASK_CANCELLED: task("It was cancelled."),
  TASK_TIMED_OUT: task("It was out of time.", "error"),
  CONTEXT_UPDATED: { kind: "ContextEvent", meaning: "Keys of the context got values." },
};
