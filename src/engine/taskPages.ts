/** Pages through the tasks of a workflow, those in instances of expanded groups among them, in the order of the definition. */

import { FanwireError } from "../errors.js";
import type { Plan } from "../workflow/plan.js";
import type { TaskStatus } from "../workflow/status.js";
import { splitPath, type InstancePath } from "./nodeKey.js";
import type { WorkflowReader } from "./ports.js";
import type { ExpandedGroup, GroupState, Page, TaskState, WorkflowDetail } from "./snapshot.js";

/** Instances read at once. */
const INSTANCES_PER_READ = 200;

/** Where a page ends: behind a task, in an instance or not. */
interface Position { node: number; path: InstancePath }

export async function pageOfTasks(reader: WorkflowReader, detail: WorkflowDetail, wanted: readonly TaskStatus[] | undefined, page: { first: number; after?: string }): Promise<Page<TaskState>> {
  const after = page.after === undefined ? undefined : readCursor(page.after);
  const found: TaskState[] = [];
  for await (const task of walk(reader, detail, detail.groups, after)) {
    if (wanted && !wanted.includes(task.status)) continue;
    found.push(task);
    if (found.length > page.first) break;
  }
  const edges = found.slice(0, page.first).map((node) => ({ cursor: writeCursor({ node: node.node.index, path: node.path ?? "" }), node }));
  return { edges, hasNextPage: found.length > page.first, hasPreviousPage: after !== undefined, totalCount: await total(reader, detail, wanted) };
}

/** Tasks behind a position; what lies wholly before it is not read. */
async function* walk(reader: WorkflowReader, detail: WorkflowDetail, groups: readonly GroupState[], after: Position | undefined): AsyncGenerator<TaskState> {
  for (const group of groups) {
    if (group.expanded) yield* walkInstances(reader, detail, group, after);
    else {
      for (const task of group.tasks) if (!after || isBehind(detail.plan, task, after)) yield task;
      yield* walk(reader, detail, group.groups, after);
    }
  }
}

async function* walkInstances(reader: WorkflowReader, detail: WorkflowDetail, { expanded }: GroupState, after: Position | undefined): AsyncGenerator<TaskState> {
  if (!expanded) return;
  const start = after ? firstInstance(detail.plan, expanded, after) : 0;
  if (start === undefined) return;
  for (let from = start; ; from += INSTANCES_PER_READ) {
    const instances = await reader.instances(detail, expanded, from, INSTANCES_PER_READ);
    for (const [i, instance] of instances.entries()) {
      // Only the first may lie partly before the position.
      const rest = i === 0 && from === start ? after : undefined;
      for (const task of instance.tasks) if (!rest || isBehind(detail.plan, task, rest)) yield task;
      yield* walk(reader, detail, instance.groups, rest);
    }
    if (instances.length < INSTANCES_PER_READ) return;
  }
}

/** Whether a task comes later than a position that is not further inside than it. */
function isBehind(plan: Plan, { node, path = "" }: TaskState, after: Position): boolean {
  const rank = rankOf(plan, node.index);
  if (after.path === path) return rank > rankOf(plan, after.node);
  const inside = path === "" ? after.path : after.path.startsWith(`${path}.`) ? after.path.slice(path.length + 1) : undefined;
  return inside === undefined || rank > Number(inside.split(".")[0]);
}

/** Where a node comes in its scope: a compensation right behind its task. */
function rankOf({ nodes }: Plan, index: number): number {
  const compensates = nodes[index]?.compensates;
  return compensates === undefined ? index : compensates + 0.5;
}

/** The first instance of a group that holds anything behind the position; undefined when none does. */
function firstInstance(plan: Plan, { path, node: { index: group } }: ExpandedGroup, after: Position): number | undefined {
  const prefix = path === "" ? "" : `${path}.`;
  if (!`${after.path}.`.startsWith(prefix)) return 0;
  const [next, index] = after.path.slice(prefix.length).split(".");
  if (after.path === path) return group > rankOf(plan, after.node) ? 0 : undefined;
  if (Number(next) === group) return Number(index);
  return group > Number(next) ? 0 : undefined;
}

async function total(reader: WorkflowReader, detail: WorkflowDetail, wanted: readonly TaskStatus[] | undefined): Promise<number> {
  if (!wanted) return countTasks(detail.groups);
  let matching = 0;
  for await (const task of walk(reader, detail, detail.groups, undefined)) if (wanted.includes(task.status)) matching++;
  return matching;
}

function countTasks(groups: readonly GroupState[]): number {
  return groups.reduce((sum, group) => sum + (group.expanded ? group.expanded.taskTotal : group.tasks.length + countTasks(group.groups)), 0);
}

function writeCursor({ node, path }: Position): string {
  return Buffer.from(`t${node}${path && `@${path}`}`).toString("base64url");
}

/** @throws FanwireError CURSOR_INVALID */
function readCursor(cursor: string): Position {
  const match = /^t(\d{1,5})(?:@(\d+(?:\.\d+)+))?$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (!match) throw new FanwireError("CURSOR_INVALID", "`after` is not a cursor that this server gave out.", { retryable: false });
  return { node: Number(match[1]), path: match[2] ?? "" };
}

/** Pages through the instances of an expanded group at the cost of the page. */
export async function pageOfInstances(reader: WorkflowReader, detail: WorkflowDetail, group: GroupState, page: { first: number; after?: string }): Promise<Page<GroupState>> {
  if (!group.expanded) return { edges: [], hasNextPage: false, hasPreviousPage: false, totalCount: 0 };
  const { path, node, instances } = group.expanded;
  const after = page.after === undefined ? -1 : splitPath(readCursor(page.after).path).index;
  const states = await reader.instances(detail, group.expanded, after + 1, page.first);
  const total = instances?.total ?? 0;
  const edges = states.map((state, i) => ({ cursor: writeCursor({ node: node.index, path: `${path && `${path}.`}${node.index}.${after + 1 + i}` }), node: state }));
  return { edges, hasNextPage: after + 1 + states.length < total, hasPreviousPage: after >= 0, totalCount: total };
}
