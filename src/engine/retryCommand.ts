/** Works out which tasks of an ended workflow run again, and what each of them waits for then. */

import { readCursor } from "../workflow/cursor.js";
import type { Edge, Plan, PlanNode, PlanScope } from "../workflow/plan.js";
import { nodeKey, type InstancePath } from "./nodeKey.js";
import type { ForgottenCompensation, ReopenedTask, RetryCommand } from "./ports.js";
import type { TaskState, WorkflowDetail } from "./snapshot.js";
import { externalReads, firstPhase, itemLanesOf, laneOf, openCount, TaskGroup } from "./TaskGroup.js";

/** @param written optional result keys that have values */
export function retryCommand(detail: WorkflowDetail, written: ReadonlySet<string>): RetryCommand {
  const undone = undoneTasks(detail);
  const reopened = reopenedIn(detail, detail.plan.root, detail.tasks, written, new Map(), undone);
  const again = detail.plan.root.nodes.filter(({ index }) => undone.has(index));
  return {
    seq: readCursor(detail.cursor).seq, ...reopened, compensations: forgotten(detail),
    contextKeys: again.flatMap(({ keys, optionalKeys, reducedKeys }) => [...keys, ...optionalKeys].filter((key) => !reducedKeys.includes(key))),
  };
}

/**
 * Of one scope: the workflow's own, or that of an instance of an expanded group.
 * @param doomed tasks that what is missing outside their scope keeps from running
 */
export function reopenedIn(
  detail: WorkflowDetail, scope: PlanScope, states: readonly TaskState[], written: ReadonlySet<string>, doomed: ReadonlyMap<number, number>, undone: ReadonlySet<number> = new Set(),
): Pick<RetryCommand, "groups" | "tasks" | "route"> {
  const { open, never } = openAgain(detail.plan, scope, states, written, doomed, undone);
  const tasks = states.filter((task) => task && open.has(task.node.index));
  const counts = new Map<number, number>();
  for (const group of tasks.flatMap(({ node }) => groupsAround(node))) counts.set(group, (counts.get(group) ?? 0) + 1);
  const started = new Set(states.flatMap((task) => (task?.readyMs === undefined ? [] : groupsAround(task.node))));
  return {
    groups: [...counts].flatMap(([group, count]) => [group, count, started.has(group) ? 1 : 0]),
    tasks: tasks.map((task) => reopened(detail, task, open, never, undone)),
    route: TaskGroup.skips(detail.plan, never).join(" "),
  };
}

function compensated({ tasks }: WorkflowDetail): TaskState[] {
  return tasks.filter(({ node }) => node.compensates !== undefined);
}

/** Those in instances of expanded groups. */
function compensatedInside({ plan, compensations }: WorkflowDetail): { node: number; path: InstancePath }[] {
  return [...compensations].flatMap(([path, found]) => (path === "" ? [] : plan.nodes.slice(plan.compensationsFrom)
    .filter(({ index }) => found.fields[index] !== undefined).map(({ index }) => ({ node: index, path }))));
}

function forgotten(detail: WorkflowDetail): ForgottenCompensation[] {
  return [
    ...compensated(detail).map((task) => ({ node: task.node.index, ...attemptsSoFar(task, detail.submittedMs) })),
    ...compensatedInside(detail).map(({ node, path }) => ({ node: nodeKey(node, path), base: 0 })),
  ];
}

/**
 * What has been compensated, well or not, also in one of its instances, and what ended by itself after one of those, whether
 * by its key or in its order.
 */
function undoneTasks(detail: WorkflowDetail): ReadonlySet<number> {
  const undone = new Set(compensated(detail).map(({ node }) => node.compensates as number));
  for (const { path } of compensatedInside(detail)) undone.add(Number(path.split(".")[0]));
  for (const node of inOrder(detail.plan.root)) {
    const { status, error } = detail.tasks[node.index] as TaskState;
    const ended = status !== "SKIPPED" || error?.code !== "UPSTREAM";
    if (ended && node.needs.some(({ from }) => undone.has(from))) undone.add(node.index);
  }
  return undone;
}

/** Tasks come after all that they wait for. */
function inOrder({ nodes }: PlanScope): PlanNode[] {
  return [...nodes].sort((a, b) => a.level - b.level);
}

/**
 * What failed, timed out, was cancelled or has been undone, and what was skipped because of one of those, unless something
 * that stays as it is keeps it from running. Of those that were cancelled some may have come to that only later: they are
 * opened as well, and skipped at once (`never`, with the task whose fault it is).
 */
function openAgain(
  plan: Plan, scope: PlanScope, tasks: readonly TaskState[], written: ReadonlySet<string>, doomed: ReadonlyMap<number, number>, undone: ReadonlySet<number>,
): { open: ReadonlySet<number>; never: ReadonlyMap<number, number> } {
  const open = new Set<number>(undone);
  const never = new Map<number, number>();
  for (const node of inOrder(scope)) {
    const { status, skippedBy } = tasks[node.index] as TaskState;
    const cause = doomed.get(node.index) ?? node.needs.find((edge) => !open.has(edge.from) && dooms(plan, tasks, node, edge, written))?.from;
    if (isReopened(status)) {
      open.add(node.index);
      if (cause !== undefined) never.set(node.index, cause);
    }
    if (status !== "SKIPPED" || skippedBy === undefined || cause !== undefined) continue;
    // What lies outside the scope has been looked at anew.
    const isOutside = (plan.nodes[skippedBy] as PlanNode).scope !== node.scope;
    if (isOutside || open.has(skippedBy)) open.add(node.index);
  }
  return { open, never };
}

function isReopened(status: TaskState["status"]): boolean {
  return status === "FAILED" || status === "TIMED_OUT" || status === "CANCELLED";
}

/** Whether a task that stays as it is keeps `node` from ever starting, as TaskGroup.route decides at the end of a task. */
function dooms(plan: Plan, tasks: readonly TaskState[], node: PlanNode, edge: Edge, written: ReadonlySet<string>): boolean {
  if (edge.kind === "OPTIONAL" || edge.kind === "REDUCED") return false;
  const from = tasks[edge.from] as TaskState;
  if (from.status === "SKIPPED") return edge.kind === "KEY" || from.error?.code === "UPSTREAM";
  return edge.kind === "KEY" && (plan.nodes[edge.from] as PlanNode).optionalKeys.some((key) => node.reads.includes(key) && !written.has(key));
}

function groupsAround({ groupChain }: PlanNode): number[] {
  return groupChain === "" ? [] : groupChain.split(".").map(Number);
}

function reopened({ plan, external, submittedMs }: WorkflowDetail, task: TaskState, open: ReadonlySet<number>, never: ReadonlyMap<number, number>, undone: ReadonlySet<number>): ReopenedTask {
  const { node } = task;
  const missing = externalReads(plan, node).filter((key) => external.missing.includes(key)).length;
  // What is skipped at once is not released before.
  const waitsFor = node.needs.filter(({ from }) => open.has(from)).length + missing + (never.has(node.index) ? 1 : 0);
  const asPlanned = waitsFor === openCount(plan, node) && externalReads(plan, node).length === 0;
  const attempts = attemptsSoFar(task, submittedMs);
  const isUndone = undone.has(node.index);
  // A task that failed may have had its effect, which nobody undid; of a group what completed inside was undone, however it ended.
  const shared = { node: node.index, groups: node.groupChain, ...(isUndone && (task.status === "COMPLETED" || node.kind === "GROUP") ? { undone: true } : {}) };
  if (task.itemCounts && node.kind === "TASK" && !isUndone) return { ...shared, phase: "ITEMS", base: attempts.base, lane: itemLanesOf(plan, node), open: 0 };
  const first = firstPhase(node) === "EXPAND" ? "EXPAND" : "PLAIN";
  const group = isUndone && task.itemCounts ? "GROUP_ANEW" : "GROUP";
  const lane = laneOf(node, first);
  return {
    // A group's instances are gone through when it is its turn: what they need from outside may have to come first.
    ...shared, ...attempts, phase: node.kind === "GROUP" ? group : task.itemCounts ? "ANEW" : first,
    lane: node.kind === "GROUP" && group === "GROUP_ANEW" ? `${lane} ${attempts.base * mostAttempts(plan)}` : lane,
    ...(asPlanned && waitsFor > 0 ? {} : { open: waitsFor }),
  };
}

/** How many attempts it had, and the last of them where its history does not have it. */
function attemptsSoFar(task: TaskState, submittedMs: number): { base: number; attempt?: string } {
  // Which of its items had how many attempts is not known any more; none had more than the task allows.
  if (task.itemCounts && task.node.kind === "TASK") return { base: task.base + (task.node.task.retry?.maxAttempts ?? 1) };
  const attempt = lastAttempt(task, submittedMs);
  // More than its history has, in an instance of a group that began anew, or when it was not begun since the workflow was retried before.
  const base = Math.max(task.base, task.attempt, task.earlierAttempts.length);
  return attempt === undefined ? { base } : { base, attempt };
}

/** Each time that a group runs, each task inside has at most so many attempts. */
function mostAttempts({ nodes }: Plan): number {
  return nodes.reduce((most, { task }) => Math.max(most, task.retry?.maxAttempts ?? 1), 1);
}

/** As the history keeps attempts (WorkflowReader's attemptsOf reads it): startedMs finishedMs worker error, times since submission. */
function lastAttempt(task: TaskState, submittedMs: number): string | undefined {
  const { attempt, earlierAttempts, startedMs, finishedMs, worker, address, status } = task;
  if (startedMs === undefined || attempt <= earlierAttempts.length) return undefined;
  const cancelled = { code: "CANCELLED", message: "The attempt was cancelled with the workflow", retryable: false, task: address };
  const error = task.error ?? (status === "COMPLETED" ? undefined : cancelled);
  return `${startedMs - submittedMs} ${(finishedMs ?? startedMs) - submittedMs} ${worker ?? "-"} ${error === undefined ? "-" : JSON.stringify(error)}`;
}
