/** Groups as readers see them, made of the states of their tasks; of expanded groups the counts over all instances. */

import { instancePath, type InstancePath } from "../engine/nodeKey.js";
import type { ExpandedGroup, GroupState, TaskState, WorkflowDetail } from "../engine/snapshot.js";
import { addressIn } from "../workflow/addresses.js";
import type { Plan, PlanGroup, PlanNode, PlanScope } from "../workflow/plan.js";
import { addCounts, COUNT_OF_STATUS, isTaskEnded, noCounts, type TaskCounts, type TaskStatus } from "../workflow/status.js";
import { compensationsIn } from "./compensationStates.js";
import { itemCounts, readCounts, readItemsRecord, readRecord } from "./records.js";

export type Fields = Readonly<Record<string, string>>;

/** One scope as it stands. */
export interface ScopeStates {
  plan: Plan;
  /** By the node's index; of the scope's own nodes. */
  tasks: readonly TaskState[];
  /** Fields of running instances, by path, without it. */
  live: ReadonlyMap<InstancePath, Fields>;
  compensations: WorkflowDetail["compensations"];
  /** Fields of this scope. */
  fields: Fields;
  path: InstancePath;
  /** Of the items that the path leads through. */
  identifiers: readonly string[];
}

/** Places are those of the nodes, where there is a state. */
export function byIndex(tasks: readonly TaskState[]): TaskState[] {
  const found: TaskState[] = [];
  for (const task of tasks) found[task.node.index] = task;
  return found;
}

/** `5@2.3` and the like, of all running instances, without their paths. Compensations outlive their instances, and are none of these. */
export function liveInstances(plan: Plan, fields: Fields): Map<InstancePath, Record<string, string>> {
  const live = new Map<InstancePath, Record<string, string>>();
  for (const [field, text] of Object.entries(fields)) {
    const match = /^([a-z]?\d+|z)@([\d.]+)((?::\S+)?)$/.exec(field);
    if (!match) continue;
    const [, name, path, unit] = match as unknown as [string, string, string, string];
    if (!name.startsWith("g") && Number(name.replace(/^[a-z]/, "")) >= plan.compensationsFrom) continue;
    let instance = live.get(path);
    if (!instance) live.set(path, (instance = {}));
    instance[name + unit] = text;
  }
  return live;
}

export function groupState(scope: ScopeStates, group: PlanGroup): GroupState {
  const { plan, tasks, path, identifiers } = scope;
  const address = addressIn(plan, group.address, path, identifiers);
  if (group.node !== undefined && group.node !== ownerOf(scope)) return expandedState(scope, group, plan.nodes[group.node] as PlanNode, address);
  const own = group.nodes.flatMap((k) => withCompensation(tasks, tasks[k] as TaskState));
  const groups = group.groups.map((index) => groupState(scope, plan.groups[index] as PlanGroup));
  const counts = own.reduce((sum, task) => addCounts(sum, countsOf(task)), noCounts());
  for (const nested of groups) addCounts(counts, nested.counts);
  return { name: group.name, address, status: groupStatus(own, groups), counts, tasks: own, groups };
}

/** A task, and behind it its compensation, if there is one. */
function withCompensation(tasks: readonly TaskState[], task: TaskState): TaskState[] {
  const compensation = task.node.compensation === undefined ? undefined : tasks[task.node.compensation];
  return compensation ? [task, compensation] : [task];
}

/** The group whose instance the scope is. */
function ownerOf({ path }: ScopeStates): number | undefined {
  return path === "" ? undefined : Number(path.split(".").at(-2));
}

function expandedState(scope: ScopeStates, group: PlanGroup, node: PlanNode, address: string): GroupState {
  const { status, itemCounts: instances, waitingFor } = scope.tasks[node.index] as TaskState;
  const counted = countInstances(scope, node, status, scope.fields, scope.path);
  addCompensations(counted, scope, node);
  const { counts, taskTotal } = counted;
  const expanded: ExpandedGroup = { node, path: scope.path, waitingFor, taskTotal, ...(instances ? { instances } : {}) };
  return { name: group.name, address, status, counts, tasks: [], groups: [], expanded };
}

interface Counted { counts: TaskCounts; taskTotal: number }

/** Tasks and items of all instances: of ended ones as the store has added them up, of running ones from their records. */
function countInstances(scope: ScopeStates, group: PlanNode, status: TaskStatus, fields: Fields, path: InstancePath): Counted {
  const inside = scope.plan.scopes.get(group.index) as PlanScope;
  const items = fields[`x${group.index}`];
  if (items === undefined) return { ...many(inside.taskCount, unexpandedStatus(status)), taskTotal: 0 };
  const x = readItemsRecord(items);
  const packed = fields[`n${group.index}`];
  const sum: Counted = packed === undefined ? { counts: noCounts(), taskTotal: 0 } : { counts: readCounts(packed), taskTotal: Number(packed.split(" ")[10] ?? 0) };
  for (const at of runningPaths(scope.live, path, group.index)) add(sum, countRunning(scope, inside, scope.live.get(at) as Fields, at));
  // Those that never start because the group was cancelled, or out of time, are among the packed. After retryWorkflow some have ended before their turn.
  const unstarted = x.next === x.total ? 0 : x.total - x.completed - x.failed - x.active;
  add(sum, { ...many(inside.taskCount * unstarted, "PENDING"), taskTotal: unstarted * inside.nodes.filter(({ kind }) => kind === "TASK").length });
  return sum;
}

/** Of the tasks in a group that was never expanded. */
function unexpandedStatus(group: TaskStatus): TaskStatus {
  if (!isTaskEnded(group)) return "PENDING";
  return group === "CANCELLED" || group === "TIMED_OUT" ? group : "SKIPPED";
}

function countRunning(scope: ScopeStates, inside: PlanScope, fields: Fields, path: InstancePath): Counted {
  const sum: Counted = { counts: noCounts(), taskTotal: 0 };
  for (const node of inside.nodes) {
    const record = fields[node.index];
    const status = record === undefined ? "PENDING" : readRecord(record, 0).status;
    if (node.kind === "GROUP") {
      add(sum, countInstances(scope, node, status, fields, path));
      continue;
    }
    add(sum, countTask(fields, node.index));
  }
  return sum;
}

/** Those in all instances of a group, and in the groups inside it. */
function addCompensations(sum: Counted, { plan, compensations, path }: ScopeStates, group: PlanNode): void {
  const start = instancePath(path, group.index, 0).slice(0, -1);
  for (const [at, found] of compensations) {
    if (at.startsWith(start)) for (const { index } of compensationsIn(plan, found)) add(sum, countTask(found.fields, index));
  }
}

function countTask(fields: Fields, node: number): Counted {
  const record = fields[node];
  const items = fields[`x${node}`];
  const status = record === undefined ? "PENDING" : readRecord(record, 0).status;
  const counts = items === undefined ? undefined : itemCounts(readItemsRecord(items), status);
  return { counts: counts && counts.total > 0 ? counts : many(1, status).counts, taskTotal: 1 };
}

function runningPaths(live: ScopeStates["live"], path: InstancePath, group: number): InstancePath[] {
  const start = instancePath(path, group, 0).slice(0, -1);
  return [...live.keys()].filter((at) => at.startsWith(start) && !at.slice(start.length).includes("."));
}

function many(total: number, status: TaskStatus): Counted {
  const counts = noCounts();
  counts.total = total;
  counts[COUNT_OF_STATUS[status]] = total;
  return { counts, taskTotal: total };
}

function add(into: Counted, more: Counted): void {
  addCounts(into.counts, more.counts);
  into.taskTotal += more.taskTotal;
}

export function countsOf(task: TaskState): TaskCounts {
  if (task.itemCounts && task.itemCounts.total > 0) return { ...task.itemCounts };
  return many(1, task.status).counts;
}

function groupStatus(own: readonly TaskState[], groups: readonly GroupState[]): TaskStatus {
  const states = [...own.flatMap(endOf), ...groups.flatMap(statesOf)];
  const is = (status: TaskStatus): boolean => states.some((state) => state.status === status);
  if (states.every(({ status }) => isTaskEnded(status))) {
    if (states.some(({ fails }) => fails)) return "FAILED";
    if (is("TIMED_OUT")) return "TIMED_OUT";
    if (is("CANCELLED")) return "CANCELLED";
    return states.every(({ status }) => status === "SKIPPED") ? "SKIPPED" : "COMPLETED";
  }
  if (states.every(({ status }) => status === "PENDING")) return "PENDING";
  if (is("RUNNING") || states.some(({ status }) => isTaskEnded(status))) return "RUNNING";
  if (is("READY")) return "READY";
  return is("WAITING") ? "WAITING" : "RUNNING";
}

/** Of the tasks in a nested group; an expanded one is one task to the group around it. */
function statesOf(group: GroupState): { status: TaskStatus; fails: boolean }[] {
  if (group.expanded) return [{ status: group.status, fails: group.status === "FAILED" }];
  return [
    ...group.tasks.flatMap(endOf),
    ...group.groups.flatMap(statesOf),
  ];
}

/** What undoes a task changes nothing of how its group ended. */
function endOf({ status, node }: TaskState): { status: TaskStatus; fails: boolean }[] {
  return node.compensates === undefined ? [{ status, fails: status === "FAILED" && node.task.onFailure === "FAIL" }] : [];
}

