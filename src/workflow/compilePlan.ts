/** Compiles a definition into its plan: nodes in the order of declaration, the edges between them, levels and a hash. */

import { createHash } from "node:crypto";
import { chainOf, declaredGroups } from "./declaredGroups.js";
import { declaredTasks, unique } from "./declaredTasks.js";
import type { DeclaredTask } from "./declaredTasks.js";
import type { TaskDefinition, WorkflowDefinition } from "./definition.js";
import { edgesInto, reducedWriters, writersByKey } from "./edges.js";
import type { Edge, Plan, PlanGroup, PlanNode } from "./plan.js";

const HASH_LENGTH = 32;
const SESSION = "$session";

/**
 * The plan of a valid definition; the same definition always gives the same plan. Of an invalid one it gives as much
 * as can be told (expressions that cannot be parsed read nothing, tasks in a circle get the level they are reached at),
 * which is for showing only.
 */
export function compilePlan(definition: WorkflowDefinition): Plan {
  const tasks = declaredTasks(definition);
  const reduced = reducedWriters(definition, tasks);
  const needs = edgesInto(tasks, reduced);
  const dependents = outgoing(needs);
  const levels = levelsOf(needs, dependents);
  const written = writersByKey(tasks);
  const text = JSON.stringify(definition);
  // Asked of each task only where the text has it at all.
  const namesSession = (task: TaskDefinition): boolean => text.includes(SESSION) && JSON.stringify(task).includes(SESSION);
  const nodes = tasks.map((declared): PlanNode => ({
    ...nodeBasics(declared, reduced),
    ...nodeReads(declared, (key) => written.has(key) || (definition.externalKeys?.includes(key) ?? false)),
    needs: needs[declared.index] as Edge[],
    dependents: dependents[declared.index] as Edge[],
    level: levels[declared.index] as number,
    ...(namesSession(declared.task) ? { readsSession: true } : {}),
  }));
  return {
    hash: hashOf(text),
    definition,
    nodes,
    groups: planGroups(definition, tasks),
    writerOf: new Map([...written].map(([key, declared]) => [key, nodes[declared.index] as PlanNode])),
    reduced: new Map((definition.reducers ?? []).map(({ key, reducer }) => [key, { reducer, writers: (reduced.get(key) ?? []).map(({ index }) => index) }])),
    nodeByAddress: new Map(nodes.map((node) => [node.address, node])),
    levels: levels.reduce((most, level) => Math.max(most, level), 0),
  };
}

/** SHA-256 of the definition's JSON, hex, first 32 characters: key order counts, because inputs keep theirs. */
export function definitionHash(definition: WorkflowDefinition): string {
  return hashOf(JSON.stringify(definition));
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
}

function planGroups(definition: WorkflowDefinition, tasks: readonly DeclaredTask[]): PlanGroup[] {
  const groups = declaredGroups(definition);
  const members: number[][] = groups.map(() => []);
  const nested: number[][] = groups.map(() => []);
  const sizes = groups.map(() => 0);
  for (const { groupIndex, index, declaredIn } of tasks) {
    members[groupIndex]?.push(index);
    for (const { index: around } of chainOf(declaredIn)) sizes[around] = (sizes[around] as number) + 1;
  }
  for (const { index, parent } of groups) if (parent) nested[parent.index]?.push(index);
  return groups.map(({ index, group, address, parent }) => ({
    index, address, name: group.name, nodes: members[index] as number[], groups: nested[index] as number[], size: sizes[index] as number,
    ...(parent === undefined ? {} : { parent: parent.index }),
  }));
}

function nodeBasics(declared: DeclaredTask, reduced: ReadonlyMap<string, unknown>): Omit<PlanNode, "reads" | "optionalReads" | "needs" | "dependents" | "level"> {
  const { index, address, task, groupIndex, path, keys, optionalKeys } = declared;
  return {
    index, address, name: task.name, group: groupIndex, groupChain: chainOf(declared.declaredIn).map((group) => group.index).join("."), task, path, keys,
    optionalKeys: optionalKeys.filter((key) => !keys.includes(key)),
    reducedKeys: reduced.size === 0 ? [] : unique([...keys, ...optionalKeys]).filter((key) => reduced.has(key)),
    ...(task.expansion === undefined ? {} : { expansion: task.expansion }),
  };
}

/** @param isWritten whether a task, or somebody outside, may write a key */
function nodeReads(declared: DeclaredTask, isWritten: (key: string) => boolean): Pick<PlanNode, "reads" | "optionalReads"> {
  const isRequired = (need: string, name: string): boolean => need === "REQUIRED" || (need === "MAYBE_VARIABLE" && isWritten(name));
  const reads = unique(declared.reads.filter(({ need, name }) => isRequired(need, name)).map(({ name }) => name));
  const required = new Set(reads);
  return { reads, optionalReads: unique(declared.reads.map(({ name }) => name)).filter((name) => !required.has(name)) };
}

function outgoing(needs: readonly Edge[][]): Edge[][] {
  const dependents: Edge[][] = needs.map(() => []);
  for (const edge of needs.flat()) dependents[edge.from]?.push(edge);
  return dependents;
}

/** Longest chain of predecessors, counted in tasks, by taking away tasks whose predecessors are all gone. */
function levelsOf(needs: readonly Edge[][], dependents: readonly Edge[][]): number[] {
  const levels = needs.map(() => 1);
  const open = needs.map((edges) => edges.length);
  const ready = open.flatMap((count, index) => (count === 0 ? [index] : []));
  for (let at = 0; at < ready.length; at++) {
    const index = ready[at] as number;
    for (const { to } of dependents[index] as Edge[]) {
      levels[to] = Math.max(levels[to] as number, (levels[index] as number) + 1);
      open[to] = (open[to] as number) - 1;
      if (open[to] === 0) ready.push(to);
    }
  }
  return levels;
}
