/** The instances of expanded groups, as readers see them and as the reference has them, task by task. */

import { expect } from "vitest";
import type { Engine } from "../../src/engine/Engine.js";
import type { FanwireNode } from "../../src/main.js";
import type { GroupState, ItemState, TaskState, WorkflowDetail } from "../../src/engine/snapshot.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { addCounts, isTaskEnded, noCounts, type TaskCounts, type TaskStatus } from "../../src/workflow/status.js";
import { loosenessOf, type Loose, type Looseness } from "./loose.js";
import type { ModelGroup, ModelNode, ModelNodes, ModelTask } from "./outcome.js";

/** Instances that are read at once: few, so that most groups take several pages. */
const PAGE = 3;

export interface ObservedTask {
  task: Pick<TaskState, "address" | "status" | "attempt" | "error">;
  result: JsonValue | undefined;
  items: ItemState[] | undefined;
}

/** As the engine's own reader gives it. */
export interface ReadTask extends ObservedTask { task: TaskState }

/** By address: enrich[3].score for a task; enrich, enrich[3] and enrich[3].deep for a group. */
export interface ObservedInstances {
  tasks: ReadonlyMap<string, ObservedTask>;
  groups: ReadonlyMap<string, TaskStatus>;
  /** Of the tasks in groups that were never expanded, which have no instances. */
  unexpanded: TaskCounts;
}

export interface ReadInstances extends ObservedInstances { tasks: ReadonlyMap<string, ReadTask> }

/** Everything in the tree of a workflow's groups, each expanded group with the pages of its instances. */
export async function readInstances({ engine }: FanwireNode, detail: WorkflowDetail): Promise<ReadInstances> {
  const tasks = new Map<string, ReadTask>();
  const groups = new Map<string, TaskStatus>();
  const unexpanded = noCounts();
  const walk = async (group: GroupState): Promise<void> => {
    groups.set(group.address, group.status);
    if (group.expanded && !group.expanded.instances) addCounts(unexpanded, group.counts);
    for (const read of await Promise.all(group.tasks.map((task) => readTask(engine, task)))) tasks.set(read.task.address, read);
    for (const inner of group.groups) await walk(inner);
    if (group.expanded) for (const instance of await instancesIn(engine, detail, group)) await walk(instance);
  };
  for (const group of detail.groups) await walk(group);
  expect(await addressesOf(engine, detail), "tasks page by page").toEqual([...tasks.keys()]);
  return { tasks, groups, unexpanded };
}

export async function readTask(engine: Engine, task: TaskState): Promise<ReadTask> {
  return { task, result: await engine.result(task), items: task.itemCounts && (await engine.items(task, {}, { first: 1000 })).edges.map(({ node }) => node) };
}

async function instancesIn(engine: Engine, detail: WorkflowDetail, group: GroupState): Promise<GroupState[]> {
  const instances: GroupState[] = [];
  for (let after: string | undefined; ;) {
    const page = await engine.instances(detail, group, { first: PAGE, ...(after === undefined ? {} : { after }) });
    instances.push(...page.edges.map(({ node }) => node));
    after = page.edges.at(-1)?.cursor;
    if (page.hasNextPage) continue;
    expect(page.totalCount).toBe(instances.length);
    return instances;
  }
}

async function addressesOf(engine: Engine, detail: WorkflowDetail): Promise<string[]> {
  const addresses: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await engine.tasks(detail, {}, { first: 1000, ...(after === undefined ? {} : { after }) });
    addresses.push(...page.edges.map(({ node }) => node.address));
    after = page.edges.at(-1)?.cursor;
    if (page.hasNextPage) continue;
    expect(page.totalCount, "the number of tasks").toBe(addresses.length);
    return addresses;
  }
}

type CompareTask = (observed: ObservedTask, model: ModelTask, looseness: Looseness | undefined) => void;

/**
 * Every task and group in every instance, at any depth.
 * @param cut a failure cancelled the rest, in the workflow or in a group around: what had not ended before is CANCELLED
 */
export function compareInstances(observed: ObservedInstances, { groups }: ModelNodes, loose: Loose, cut: boolean, compareTask: CompareTask): void {
  for (const group of groups) {
    const looseness = loosenessOf(loose, group.address, cut);
    const status = observed.groups.get(group.address);
    const had = instancesOf(observed, group);
    if (looseness === "SWAYED") expect(isTaskEnded(status as TaskStatus), group.address).toBe(true);
    else if (looseness === "DOOMED") expect([["CANCELLED", "SKIPPED"].includes(status as TaskStatus), had], group.address).toEqual([true, []]);
    else {
      const isCut = looseness === "CUT";
      if (!(isCut && status === "CANCELLED")) expect(status, group.address).toBe(group.status);
      expect(had.sort(), `instances of ${group.address}`).toEqual(isCut && had.length === 0 ? [] : (group.instances ?? []).map(({ address }) => address).sort());
      if (had.length > 0) compareEach(observed, group, loose, isCut || group.cancelsInstances, compareTask);
    }
  }
}

function compareEach(observed: ObservedInstances, { instances = [] }: ModelGroup, loose: Loose, cut: boolean, compareTask: CompareTask): void {
  for (const instance of instances) {
    const ended = observed.groups.get(instance.address);
    if (!(cut && ended === "CANCELLED")) expect(ended, instance.address).toBe(instance.status);
    for (const task of instance.tasks) compareTask(seen(observed, task), task, loosenessOf(loose, task.address, cut));
    compareInstances(observed, instance, loose, cut, compareTask);
  }
}

function seen({ tasks }: ObservedInstances, { address }: ModelTask): ObservedTask {
  const task = tasks.get(address);
  if (!task) throw new Error(`${address} is missing`);
  return task;
}

/** Identifiers may hold anything, so that only addresses that the group's own instances have tell them from those further in. */
function instancesOf({ groups }: ObservedInstances, { address, instances = [] }: ModelGroup): string[] {
  const own = [...groups.keys()].filter((name) => name.startsWith(`${address}[`));
  return own.filter((name) => !instances.some((instance) => name.startsWith(`${instance.address}.`)));
}

/**
 * How the groups end in the log: plain ones too, each with all groups and instances around it. A plain group starts with the
 * first of its nodes that is ready, so one whose nodes were all skipped before never does. Inside a group that cancels its
 * instances what ended is left to time, and so is left out.
 */
export function groupEnds(nodes: ModelNodes, prefix = ""): Map<string, "COMPLETED" | "FAILED"> {
  const ends = new Map<string, "COMPLETED" | "FAILED">();
  const inside = new Map<string, ModelNode[]>();
  for (const node of [...nodes.tasks, ...nodes.groups]) {
    const names = node.address.slice(prefix.length).split(".").slice(0, -1);
    names.forEach((name, at) => {
      const address = prefix + names.slice(0, at + 1).join(".");
      if (name !== "") inside.set(address, [...(inside.get(address) ?? []), node]);
    });
  }
  for (const [address, mine] of inside) {
    if (!mine.every(neverReady)) ends.set(address, mine.some(({ failsWorkflow }) => failsWorkflow) ? "FAILED" : "COMPLETED");
  }
  for (const { address, status, instances = [], cancelsInstances } of nodes.groups) {
    if (status !== "SKIPPED") ends.set(address, status);
    for (const instance of cancelsInstances ? [] : instances) {
      ends.set(instance.address, instance.status);
      for (const [name, end] of groupEnds(instance, instance.address)) ends.set(name, end);
    }
  }
  return ends;
}

function neverReady({ status, errorCode, skippedLate }: ModelNode): boolean {
  return status === "SKIPPED" && errorCode === "UPSTREAM" && !skippedLate;
}

/** Whether an address stands in an instance of a group that cancels instances, at any depth. */
export function isLeftToTime({ groups }: ModelNodes, address: string): boolean {
  return groups.some((group) => (group.cancelsInstances ? address.startsWith(`${group.address}[`) : (group.instances ?? []).some((instance) => isLeftToTime(instance, address))));
}
