/** Counts a workflow's tasks and items per top group by folding its events, each of which arrives exactly once. */

import type { TaskCounts } from "../workflow/status.js";
import type { FollowedEvent } from "./operations.js";

export interface GroupCounts {
  readonly name: string;
  state: "waiting" | "running" | "completed" | "failed";
  total: number;
  completed: number;
  failed: number;
  /** Skipped, cancelled. */
  left: number;
}

interface TaskCount {
  /** 1, or the number of items once the task is expanded. */
  total: number;
  ended: number;
  expanded: boolean;
}

type End = "completed" | "failed" | "left";
const END_OF: Partial<Record<FollowedEvent["type"], End>> = {
  TASK_COMPLETED: "completed", TASK_FAILED: "failed", TASK_TIMED_OUT: "failed", TASK_SKIPPED: "left", TASK_CANCELLED: "left",
};

export class GroupProgress {
  readonly groups: GroupCounts[];
  readonly #byName: Map<string, GroupCounts>;
  readonly #tasks = new Map<string, TaskCount>();
  /** Addresses of groups that have started. */
  readonly #started = new Set<string>();

  /** @param groups the workflow's top groups with their declared tasks, each of which counts one until it is expanded */
  constructor(groups: readonly { name: string; tasks: readonly unknown[] }[]) {
    this.groups = groups.map(({ name, tasks }) => ({ name, state: "waiting", total: tasks.length, completed: 0, failed: 0, left: 0 }));
    this.#byName = new Map(this.groups.map((group) => [group.name, group]));
  }

  apply(event: FollowedEvent): void {
    if (event.__typename === "GroupEvent") this.#applyGroup(event);
    else if (event.__typename === "TaskEvent") this.#applyTask(event);
  }

  /** Takes over the server's own counts, which also know the items that a cancelled expansion never admitted. */
  settle(groups: readonly { name: string; status: string; counts: TaskCounts }[]): void {
    for (const { name, status, counts } of groups) {
      const group = this.#byName.get(name);
      if (group === undefined) continue;
      group.total = counts.total;
      group.completed = counts.completed;
      group.failed = counts.failed + counts.timedOut;
      group.left = counts.skipped + counts.cancelled;
      if (status === "COMPLETED") group.state = "completed";
      else if (status !== "PENDING" && status !== "RUNNING") group.state = "failed";
    }
  }

  #applyGroup(event: FollowedEvent): void {
    const group = this.#groupOf(event.group);
    if (group === undefined || event.group === undefined) return;
    this.#started.add(event.group);
    // Of the groups inside it, and of instances, only the tasks are counted.
    if (event.group !== group.name) return;
    if (event.type === "GROUP_STARTED") group.state = "running";
    if (event.type === "GROUP_COMPLETED") group.state = "completed";
    if (event.type === "GROUP_FAILED") group.state = "failed";
  }

  #applyTask(event: FollowedEvent): void {
    const group = this.#groupOf(event.task);
    // A group that is expanded as a whole: its tasks are counted as they come.
    if (group === undefined || event.task === undefined || (event.type === "TASK_EXPANDED" && this.#started.has(event.task))) return;
    const task = this.#tasks.get(event.task) ?? { total: 1, ended: 0, expanded: false };
    if (!this.#tasks.has(event.task) && isInInstance(event.task)) group.total += 1;
    this.#tasks.set(event.task, task);
    if (event.type === "TASK_EXPANDED") {
      task.expanded = true;
      task.total = event.itemCount ?? 0;
      group.total += task.total - 1;
      return;
    }
    const end = END_OF[event.type];
    if (end === undefined) return;
    if (task.expanded && (event.item === null || event.item === undefined)) {
      // The end of an expanded task as a whole: its items have been counted, those that never ran are left.
      group.left += task.total - task.ended;
      task.ended = task.total;
      return;
    }
    task.ended += 1;
    group[end] += 1;
  }

  /** The top group of an address: enrich for `enrich[3].score`. */
  #groupOf(address: string | undefined): GroupCounts | undefined {
    return address === undefined ? undefined : this.#byName.get(/^[^.[]+/.exec(address)?.[0] ?? address);
  }
}

/** Whether a task runs in an instance of an expanded group: enrich[3].score. */
function isInInstance(address: string): boolean {
  return address.includes("].");
}

/** Tasks and items that have ended, of whatever kind. */
export function endedOf(group: GroupCounts): number {
  return group.completed + group.failed + group.left;
}
