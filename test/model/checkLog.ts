/** Folds a workflow's event log into statuses, and refuses every step that may not follow the one before. */

import { expect } from "vitest";
import { isTerminalEvent, type GroupEvent, type TaskEvent, type WorkflowEvent } from "../../src/workflow/events.js";
import { COUNT_OF_STATUS, isTaskEnded, noCounts, type TaskCounts, type TaskStatus, type WorkflowStatus } from "../../src/workflow/status.js";
import type { JsonValue } from "../../src/workflow/json.js";

export interface FoldedTask {
  status: TaskStatus;
  attempt: number;
  errorCode?: string;
  result?: JsonValue;
  /** Present once it is expanded, in item order. */
  items?: FoldedItem[];
}
export interface FoldedItem {
  status: TaskStatus;
  attempt: number;
  identifier?: string;
  errorCode?: string;
  result?: JsonValue;
}
export interface Folded {
  status: WorkflowStatus;
  errorCode?: string;
  /** By address. */
  tasks: Map<string, FoldedTask>;
  groups: Map<string, "STARTED" | "COMPLETED" | "FAILED">;
  /** Keys that CONTEXT_UPDATED named. */
  keys: Set<string>;
  counts: TaskCounts;
}

/** What may come before each event, of a task and of an item alike. */
const MAY_FOLLOW: Partial<Record<TaskEvent["type"], readonly TaskStatus[]>> = {
  TASK_READY: ["PENDING"],
  TASK_STARTED: ["READY", "WAITING", "PENDING"],
  TASK_EXPANDED: ["RUNNING"],
  TASK_RETRYING: ["RUNNING", "WAITING"],
  TASK_WAITING: ["RUNNING"],
  TASK_COMPLETED: ["RUNNING", "WAITING"],
  TASK_FAILED: ["RUNNING", "WAITING"],
  TASK_SKIPPED: ["PENDING", "RUNNING"],
  TASK_CANCELLED: ["PENDING", "READY", "RUNNING", "WAITING"],
};
const BECOMES: Partial<Record<TaskEvent["type"], TaskStatus>> = {
  TASK_READY: "READY", TASK_STARTED: "RUNNING", TASK_RETRYING: "WAITING", TASK_WAITING: "WAITING", TASK_COMPLETED: "COMPLETED",
  TASK_FAILED: "FAILED", TASK_SKIPPED: "SKIPPED", TASK_CANCELLED: "CANCELLED",
};

/** @param addresses of all tasks of the plan */
export function foldLog(events: readonly WorkflowEvent[], addresses: readonly string[]): Folded {
  checkFrame(events);
  const fold: Folded = { status: "PENDING", tasks: new Map(addresses.map((address) => [address, { status: "PENDING", attempt: 0 }])), groups: new Map(), keys: new Set(), counts: noCounts() };
  for (const event of events) {
    if (event.kind === "workflow") {
      fold.status = event.status;
      if (event.error) fold.errorCode = event.error.code;
    } else if (event.kind === "group") foldGroup(fold, event);
    else if (event.kind === "context") event.keys.forEach((key) => fold.keys.add(key));
    else foldTask(fold, event);
  }
  fold.counts = countsOf(fold);
  return fold;
}

/** Numbered from 1 without a hole, begun once, ended once, and nothing after the end. */
function checkFrame(events: readonly WorkflowEvent[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  expect(events.findIndex(isTerminalEvent)).toBe(events.length - 1);
  const at = (type: string): number[] => events.flatMap((event, i) => (event.type === type ? [i] : []));
  expect(at("WORKFLOW_SUBMITTED")).toEqual([0]);
  expect(at("WORKFLOW_STARTED")).toHaveLength(1);
  const firstStart = events.findIndex(({ type }) => type === "TASK_STARTED");
  if (firstStart >= 0) expect(firstStart).toBeGreaterThan(at("WORKFLOW_STARTED")[0] as number);
}

function foldGroup(fold: Folded, { type, group }: GroupEvent): void {
  const mine = [...fold.tasks].filter(([address]) => address.startsWith(`${group}.`)).map(([, task]) => task);
  if (type === "GROUP_STARTED") {
    expect(fold.groups.has(group), `${group} starts once`).toBe(false);
    fold.groups.set(group, "STARTED");
    return;
  }
  expect(fold.groups.get(group), `${group} ends once, after it started`).toBe("STARTED");
  expect(mine.filter(({ status }) => !isTaskEnded(status)), `tasks of ${group} that are open when it ends`).toEqual([]);
  fold.groups.set(group, type === "GROUP_FAILED" ? "FAILED" : "COMPLETED");
}

function foldTask(fold: Folded, event: TaskEvent): void {
  const task = fold.tasks.get(event.task);
  if (!task) throw new Error(`An event of a task that does not exist: ${event.task}`);
  const about = `${event.type} of ${event.task}${event.itemIndex === undefined ? "" : `[${event.itemIndex}]`} at ${event.seq}`;
  const state = event.itemIndex === undefined ? task : task.items?.[event.itemIndex];
  if (!state) throw new Error(`${about}, before the task was expanded or beyond its items`);
  expect(MAY_FOLLOW[event.type], about).toContain(state.status);
  if (event.itemIndex !== undefined) expect(task.status, about).toBe("RUNNING");
  else if (event.type === "TASK_STARTED") expect(state.status, about).not.toBe("PENDING");
  if (event.type === "TASK_EXPANDED") {
    expect(task.items, about).toBeUndefined();
    task.items = Array.from({ length: event.itemCount as number }, () => ({ status: "PENDING", attempt: 0 }));
    return;
  }
  if (event.type === "TASK_STARTED") expect(event.attempt, about).toBe(state.attempt + 1);
  else if (event.attempt > 0) expect(event.attempt, about).toBe(state.attempt);
  take(state, event);
}

function take(state: FoldedTask | FoldedItem, event: TaskEvent): void {
  state.status = BECOMES[event.type] as TaskStatus;
  if (event.type === "TASK_STARTED") state.attempt = event.attempt;
  if (isTaskEnded(state.status) && event.error) state.errorCode = event.error.code;
  if (event.result !== undefined) state.result = event.result;
  if (event.item !== undefined) (state as FoldedItem).identifier = event.item;
}

/** Items that are open when their task ends were cancelled with it. */
function countsOf(fold: Folded): TaskCounts {
  const counts = noCounts();
  const count = (status: TaskStatus): void => {
    counts.total++;
    counts[COUNT_OF_STATUS[status]]++;
  };
  for (const task of fold.tasks.values()) {
    if (!task.items?.length) count(task.status);
    for (const item of task.items ?? []) {
      if (isTaskEnded(task.status) && !isTaskEnded(item.status)) item.status = "CANCELLED";
      count(item.status);
    }
  }
  return counts;
}
