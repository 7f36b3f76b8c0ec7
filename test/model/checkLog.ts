/** Folds a workflow's event log into statuses, and refuses every step that the table of transitions does not have. */

import { expect } from "vitest";
import { COMPENSATION_SUFFIX } from "../../src/workflow/compensations.js";
import type { GroupEvent, TaskEvent, WorkflowEvent, WorkflowStatusEvent } from "../../src/workflow/events.js";
import { isTerminalEvent } from "../support/terminalEvent.js";
import { COUNT_OF_STATUS, isTaskEnded, isWorkflowEnded, noCounts, type TaskCounts, type TaskStatus, type WorkflowStatus } from "../../src/workflow/status.js";
import { isWorkflowStep, taskStep, type StepAfter } from "../../src/workflow/transitions.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { begunAnew, type FoldedNode } from "./begunAnew.js";
import { isCompensation } from "./compensations.js";

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
  /** Expanded groups by address, with how many instances each has. */
  instances: Map<string, number>;
  /** Expanded groups that were skipped. */
  skipped: Set<string>;
}

export interface FoldOptions {
  /** Workers may have been lost: an attempt may start again. */
  losses?: boolean;
  /** The workflow may be open still. */
  open?: boolean;
  /** Those of the plan. */
  nodes?: readonly FoldedNode[];
}

/** @param addresses of all tasks of the plan */
export function foldLog(events: readonly WorkflowEvent[], addresses: readonly string[], options: FoldOptions = {}): Folded {
  return new Fold(addresses, options).run(events);
}

class Fold implements Folded {
  status: WorkflowStatus = "PENDING";
  errorCode?: string;
  readonly tasks: Map<string, FoldedTask>;
  readonly groups: Folded["groups"] = new Map();
  readonly keys = new Set<string>();
  readonly instances = new Map<string, number>();
  readonly skipped = new Set<string>();
  counts = noCounts();
  #begun = false;
  #retried = false;
  /** Something had been compensated when it was retried: that begins anew, sooner or later, and so does what came after it. */
  #undone = false;
  /** Groups that were there when the workflow was retried: they may start once more. */
  readonly #restartable = new Set<string>();

  constructor(addresses: readonly string[], private readonly options: FoldOptions) {
    this.tasks = new Map(addresses.map((address) => [address, { status: "PENDING", attempt: 0 }]));
  }

  run(events: readonly WorkflowEvent[]): Folded {
    expect(events.map(({ seq }) => seq), "numbered from 1 without a hole").toEqual(events.map((_, i) => i + 1));
    if (!this.options.open) expect(events.findLastIndex(isTerminalEvent), "the end is the last event").toBe(events.length - 1);
    for (const event of events) {
      if (event.kind === "workflow") {
        this.#workflow(event);
        continue;
      }
      expect(this.#begun && !isWorkflowEnded(this.status), `${event.type} at ${event.seq} in a workflow that is open`).toBe(true);
      if (event.kind === "group") this.#group(event);
      else if (event.kind === "context") event.keys.forEach((key) => this.keys.add(key));
      else this.#task(event);
    }
    this.counts = countsOf(this);
    return this;
  }

  #workflow({ type, seq, status, error }: WorkflowStatusEvent): void {
    const before = this.#begun ? this.status : undefined;
    expect(isWorkflowStep(before, type, status), `${type} at ${seq} from ${before} to ${status}`).toBe(true);
    this.#begun = true;
    this.status = status;
    if (error) this.errorCode = error.code;
    if (type === "WORKFLOW_RETRIED") this.#retry();
  }

  /** What did not end well begins again; of what was skipped only the events to come tell whether it does. */
  #retry(): void {
    this.#retried = true;
    const undoing = [...this.tasks].filter(([address, { status }]) => isCompensation(address) && status !== "PENDING");
    this.#undone ||= undoing.length > 0;
    for (const address of begunAnew(this.options.nodes ?? [], this, undoing.map(([address]) => address))) this.#beginAnew(address);
    // They are there again only when there is something to undo once more.
    for (const [address] of undoing) this.tasks.delete(address);
    // What the tasks had written that begin anew is gone.
    if (undoing.length > 0) this.keys.clear();
    delete this.errorCode;
    for (const group of this.groups.keys()) this.#restartable.add(group);
    // What is in instances begins again when its instance does, if at all.
    for (const [address, task] of this.tasks) {
      if (!isReopened(task) || this.#expandedAround(address) !== undefined) continue;
      reopen(task);
      reopenItems(task);
    }
  }

  /** An expanded task finds its items again, an expanded group its instances. */
  #beginAnew(address: string): void {
    this.instances.delete(address);
    for (const known of [this.tasks, this.groups, this.instances, this.skipped]) for (const inside of known.keys()) if (inside.startsWith(`${address}[`)) known.delete(inside);
    const task = this.tasks.get(address);
    if (!task) return;
    reopen(task);
    delete task.items;
    delete task.result;
  }

  #group({ type, group }: GroupEvent): void {
    const mine = [...this.tasks].filter(([address]) => address.startsWith(`${group}.`) && !isCompensation(address)).map(([, task]) => task);
    if (type === "GROUP_STARTED") {
      expect(this.groups.has(group) && !this.#restartable.delete(group), `${group} starts once`).toBe(false);
      const around = this.#expandedAround(group);
      if (around !== undefined) expect(this.groups.get(around), `the group of ${group}, which starts`).toBe("STARTED");
      this.groups.set(group, "STARTED");
      return;
    }
    expect(this.groups.get(group), `${group} ends once, after it started`).toBe("STARTED");
    expect(mine.filter(({ status }) => !isTaskEnded(status)), `tasks of ${group} that are open when it ends`).toEqual([]);
    this.groups.set(group, type === "GROUP_FAILED" ? "FAILED" : "COMPLETED");
  }

  /** The innermost expanded group that an address stands in. */
  #expandedAround(address: string): string | undefined {
    return [...this.instances.keys()].filter((group) => address.startsWith(`${group}[`)).sort((left, right) => right.length - left.length)[0];
  }

  /** A task in an instance is first known by its first event, which comes after the instance's start; of a compensation, wherever it stands, after its task's end. */
  #taskOf(address: string): FoldedTask | undefined {
    const known = this.tasks.get(address);
    if (known || (this.#expandedAround(address) === undefined && !isCompensation(address))) return known;
    const runs = [...this.groups].some(([group, state]) => state === "STARTED" && address.startsWith(`${group}.`) && this.#expandedAround(group) !== undefined);
    if (isCompensation(address) ? !this.#isOwed(address) : !runs) return undefined;
    const task: FoldedTask = { status: "PENDING", attempt: 0 };
    this.tasks.set(address, task);
    return task;
  }

  #isOwed(address: string): boolean {
    const undone = this.tasks.get(address.slice(0, -COMPENSATION_SUFFIX.length));
    return undone !== undefined && isTaskEnded(undone.status) && (undone.items ? undone.items.some(({ status }) => status === "COMPLETED") : undone.status === "COMPLETED");
  }

  /** Started, it is expanded once, or skipped after all; its end is a group's. */
  #expandedGroup({ type, task: group, seq, itemCount }: TaskEvent): void {
    if (this.#retried) this.#groupAgain(group);
    expect(this.instances.has(group) || this.skipped.has(group), `${type} of ${group} at ${seq} after it was expanded or skipped`).toBe(false);
    if (type === "TASK_SKIPPED") {
      this.groups.delete(group);
      return void this.skipped.add(group);
    }
    expect([type, this.groups.get(group)], `${type} of ${group} at ${seq}`).toEqual(["TASK_EXPANDED", "STARTED"]);
    this.instances.set(group, itemCount as number);
  }

  /** After retryWorkflow a group may be expanded that was skipped; and one that had no instances once more. */
  #groupAgain(group: string): void {
    this.skipped.delete(group);
    if (this.instances.get(group) === 0) this.instances.delete(group);
  }

  #task(event: TaskEvent): void {
    if (this.options.nodes?.[event.node]?.kind === "GROUP") return this.#expandedGroup(event);
    const task = this.#taskOf(event.task);
    if (!task) throw new Error(`An event of a task that does not exist: ${event.task}`);
    if (event.type === "TASK_READY" && isReopened(task)) reopenItems(task);
    const about = `${event.type} of ${event.task}${event.itemIndex === undefined ? "" : `[${event.itemIndex}]`} at ${event.seq}`;
    const state = event.itemIndex === undefined ? task : task.items?.[event.itemIndex];
    if (!state) throw new Error(`${about}, before the task was expanded or beyond its items`);
    const next = taskStep(state.status, event.type, event.itemIndex !== undefined ? "ITEM" : task.items ? "EXPANDED" : "TASK", this.#happened(state));
    if (next === undefined) throw new Error(`${about} may not follow ${state.status}`);
    if (event.itemIndex !== undefined) expect(task.status, about).toBe("RUNNING");
    if (event.type === "TASK_EXPANDED") {
      expect(task.items, about).toBeUndefined();
      task.items = Array.from({ length: event.itemCount as number }, () => ({ status: "PENDING", attempt: 0 }));
      return;
    }
    if (event.type === "TASK_STARTED") this.#checkStart(state, event, about);
    else if (event.attempt > 0) expect(event.attempt, about).toBe(state.attempt);
    take(state, event, next);
  }

  /** Steps without an event that may have been made since the last one. */
  #happened(state: FoldedTask | FoldedItem): StepAfter[] {
    const again = this.#retried && (isReopened(state) || (state.status === "SKIPPED" && state.errorCode === "UPSTREAM"));
    return [...(this.options.losses ? (["LOST"] as const) : []), ...(again ? (["RETRIED"] as const) : [])];
  }

  #checkStart(state: FoldedTask | FoldedItem, { attempt, itemIndex }: TaskEvent, about: string): void {
    expect(this.status, about).toBe("RUNNING");
    // How many attempts an item had before the workflow was retried is not kept, nor how many there were in what begins anew.
    if (this.#undone || (itemIndex !== undefined && this.#retried)) expect(attempt, about).toBeGreaterThanOrEqual(state.attempt);
    else expect(attempt, about).toBe(state.status === "RUNNING" ? state.attempt : state.attempt + 1);
  }
}

function isReopened({ status }: FoldedTask | FoldedItem): boolean {
  return status === "FAILED" || status === "TIMED_OUT" || status === "CANCELLED";
}

function reopenItems({ items = [] }: FoldedTask): void {
  for (const item of items) if (item.status !== "COMPLETED") reopen(item);
}

function reopen(state: FoldedTask | FoldedItem): void {
  state.status = "PENDING";
  delete state.errorCode;
}

function take(state: FoldedTask | FoldedItem, event: TaskEvent, next: TaskStatus): void {
  // Of an end that retryWorkflow undid.
  delete state.errorCode;
  if (isTaskEnded(state.status)) delete state.result;
  state.status = next;
  if (event.type === "TASK_STARTED") state.attempt = event.attempt;
  if (isTaskEnded(next) && event.error) state.errorCode = event.error.code;
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
