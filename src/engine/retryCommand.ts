/** Works out which tasks of an ended workflow run again, and what each of them waits for then. */

import { readCursor } from "../workflow/cursor.js";
import type { Edge, Plan, PlanNode, PlanScope } from "../workflow/plan.js";
import type { ReopenedTask, RetryCommand } from "./ports.js";
import type { TaskState, WorkflowDetail } from "./snapshot.js";
import { externalReads, firstPhase, itemLanesOf, laneOf, openCount } from "./TaskGroup.js";

/** @param written optional result keys that have values */
export function retryCommand(detail: WorkflowDetail, written: ReadonlySet<string>): RetryCommand {
  return { seq: readCursor(detail.cursor).seq, ...reopenedIn(detail, detail.plan.root, detail.tasks, written, new Map()) };
}

/**
 * Of one scope: the workflow's own, or that of an instance of an expanded group.
 * @param doomed tasks that what is missing outside their scope keeps from running
 */
export function reopenedIn(
  detail: WorkflowDetail, scope: PlanScope, states: readonly TaskState[], written: ReadonlySet<string>, doomed: ReadonlyMap<number, number>,
): Pick<RetryCommand, "groups" | "tasks"> {
  const open = openAgain(detail.plan, scope, states, written, doomed);
  const tasks = states.filter((task) => task && open.has(task.node.index));
  const counts = new Map<number, number>();
  for (const group of tasks.flatMap(({ node }) => groupsAround(node))) counts.set(group, (counts.get(group) ?? 0) + 1);
  return { groups: [...counts].flat(), tasks: tasks.map((task) => reopened(detail, task, open)) };
}

/**
 * What failed, timed out or was cancelled, and what was skipped because of one of those, unless something that stays as
 * it is keeps it from running. Tasks come after all that they wait for.
 */
function openAgain(plan: Plan, { nodes }: PlanScope, tasks: readonly TaskState[], written: ReadonlySet<string>, doomed: ReadonlyMap<number, number>): ReadonlySet<number> {
  const open = new Set<number>();
  for (const node of [...nodes].sort((a, b) => a.level - b.level)) {
    const { status, skippedBy } = tasks[node.index] as TaskState;
    if (status === "FAILED" || status === "TIMED_OUT" || status === "CANCELLED") open.add(node.index);
    if (status !== "SKIPPED" || skippedBy === undefined || doomed.has(node.index)) continue;
    // What lies outside the scope has been looked at anew.
    const isOutside = (plan.nodes[skippedBy] as PlanNode).scope !== node.scope;
    if ((isOutside || open.has(skippedBy)) && !node.needs.some((edge) => !open.has(edge.from) && dooms(plan, tasks, node, edge, written))) open.add(node.index);
  }
  return open;
}

/** Whether a task that stays as it is keeps `node` from ever starting, as TaskGroup.route decides at the end of a task. */
function dooms(plan: Plan, tasks: readonly TaskState[], node: PlanNode, edge: Edge, written: ReadonlySet<string>): boolean {
  if (edge.kind === "OPTIONAL") return false;
  const from = tasks[edge.from] as TaskState;
  if (from.status === "SKIPPED") return edge.kind === "KEY" || from.error?.code === "UPSTREAM";
  return edge.kind === "KEY" && (plan.nodes[edge.from] as PlanNode).optionalKeys.some((key) => node.reads.includes(key) && !written.has(key));
}

function groupsAround({ groupChain }: PlanNode): number[] {
  return groupChain === "" ? [] : groupChain.split(".").map(Number);
}

function reopened({ plan, external, submittedMs }: WorkflowDetail, task: TaskState, open: ReadonlySet<number>): ReopenedTask {
  const { node } = task;
  const missing = externalReads(plan, node).filter((key) => external.missing.includes(key)).length;
  const waitsFor = node.needs.filter(({ from }) => open.has(from)).length + missing;
  const asPlanned = waitsFor === openCount(plan, node) && externalReads(plan, node).length === 0;
  const attempt = lastAttempt(task, submittedMs);
  const begun = task.earlierAttempts.length + (attempt === undefined ? 0 : 1);
  const shared = { node: node.index, groups: node.groupChain };
  // Which of its items had how many attempts is not known any more; none had more than the task allows.
  if (task.itemCounts && node.kind === "TASK") return { ...shared, phase: "ITEMS", base: task.base + (node.task.retry?.maxAttempts ?? 1), lane: itemLanesOf(node), open: 0 };
  const first = firstPhase(node) === "EXPAND" ? "EXPAND" : "PLAIN";
  return {
    // A group's instances are gone through when it is its turn: what they need from outside may have to come first.
    ...shared, phase: node.kind === "GROUP" ? "GROUP" : first, base: begun, lane: laneOf(node, first),
    ...(asPlanned && waitsFor > 0 ? {} : { open: waitsFor }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}

/** As the history keeps attempts (WorkflowReader's attemptsOf reads it): startedMs finishedMs worker error, times since submission. */
function lastAttempt(task: TaskState, submittedMs: number): string | undefined {
  const { attempt, earlierAttempts, startedMs, finishedMs, worker, address } = task;
  if (startedMs === undefined || attempt <= earlierAttempts.length) return undefined;
  const error = task.error ?? { code: "CANCELLED", message: `The attempt was cancelled with the workflow`, retryable: false, task: address };
  return `${startedMs - submittedMs} ${(finishedMs ?? startedMs) - submittedMs} ${worker ?? "-"} ${JSON.stringify(error)}`;
}
