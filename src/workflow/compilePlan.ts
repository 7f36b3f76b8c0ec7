/** Compiles a definition into its plan: nodes in the order of declaration, the edges between them, levels and a hash. */

import { createHash } from "node:crypto";
import { compensationIndexes, compensationNodes } from "./compensations.js";
import { chainOf, declaredGroups } from "./declaredGroups.js";
import { declaredTasks, groupsAround } from "./declaredTasks.js";
import type { DeclaredTask } from "./declaredTasks.js";
import type { DeclaredGroup } from "./declaredGroups.js";
import type { TaskDefinition, WorkflowDefinition } from "./definition.js";
import { edgesInto, outerAfter, writersOf } from "./edges.js";
import { unique } from "./json.js";
import type { Edge, Plan, PlanGroup, PlanNode, PlanScope, ReducedKey } from "./plan.js";
import { resolveName, scopesOf } from "./scopes.js";
import type { DeclaredScope, DeclaredScopes } from "./scopes.js";

const HASH_LENGTH = 32;
const SESSION = "$session";

/**
 * The plan of a valid definition; the same definition always gives the same plan. Of an invalid one it gives as much
 * as can be told (expressions that cannot be parsed read nothing, tasks in a circle get the level they are reached at),
 * which is for showing only.
 */
export function compilePlan(definition: WorkflowDefinition): Plan {
  const tasks = declaredTasks(definition);
  const scopes = scopesOf(tasks);
  const reducerKeys = new Set((definition.reducers ?? []).map(({ key }) => key));
  const needs = edgesInto(tasks, reducerKeys, scopes);
  const dependents = outgoing(needs);
  const levels = levelsOf(tasks, needs, dependents);
  const outer = outerAfter(tasks, scopes);
  const text = JSON.stringify(definition);
  // Asked of each task only where the text has it at all.
  const namesSession = (task: TaskDefinition): boolean => text.includes(SESSION) && JSON.stringify(task).includes(SESSION);
  const compensations = compensationIndexes(tasks);
  const nodes = tasks.map((declared): PlanNode => ({
    ...(compensations.has(declared.index) ? { compensation: compensations.get(declared.index) } : {}),
    ...nodeBasics(declared, reducerKeys),
    ...nodeReads(declared, definition, scopes),
    outerAfter: outer[declared.index] as number[],
    needs: needs[declared.index] as Edge[],
    dependents: dependents[declared.index] as Edge[],
    level: levels[declared.index] as number,
    ...(namesSession(declared.task) ? { readsSession: true } : {}),
  }));
  const planScopes = scopesOfPlan(definition, nodes, scopes);
  for (const node of compensationNodes(tasks, compensations)) nodes.push(namesSession(node.task) ? { ...node, readsSession: true } : node);
  return {
    hash: hashOf(text),
    definition,
    nodes,
    compensationsFrom: tasks.length,
    groups: planGroups(definition, tasks),
    scopes: planScopes,
    root: planScopes.get(undefined) as PlanScope,
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
  const own = new Map<number, number>();
  for (const declared of tasks) {
    const { kind, index, declaredIn } = declared;
    if (kind === "GROUP") own.set(declaredIn.index, index);
    else members[declaredIn.index]?.push(index);
    for (const { index: around } of groupsAround(declared)) sizes[around] = (sizes[around] as number) + 1;
  }
  for (const { index, parent } of groups) if (parent) nested[parent.index]?.push(index);
  return groups.map((declared) => {
    const { index, group, address, parent } = declared;
    return {
      index, address, name: group.name, nodes: members[index] as number[], groups: nested[index] as number[], size: sizes[index] as number,
      ...(parent === undefined ? {} : { parent: parent.index }),
      ...(own.has(index) ? { node: own.get(index) as number } : {}),
      ...(group.maxParallel === undefined ? {} : { maxParallel: group.maxParallel }),
      ...(group.timeoutMs === undefined ? {} : { timeoutMs: group.timeoutMs }),
      onFailure: failurePolicy(definition, declared),
    };
  });
}

/** The innermost word wins. What is said outside an expanded group is about that group, not about what it has inside. */
function failurePolicy(definition: WorkflowDefinition, declared: DeclaredGroup): PlanGroup["onFailure"] {
  const chain = chainOf(declared);
  const says = chain.slice(declared.scope ? chain.indexOf(declared.scope) : 0).findLast(({ group }) => group.onFailure !== undefined);
  if (says) return { policy: says.group.onFailure as PlanGroup["onFailure"]["policy"], by: says.index };
  return { policy: declared.scope ? "CONTINUE" : definition.onFailure };
}

function scopesOfPlan(definition: WorkflowDefinition, nodes: readonly PlanNode[], declared: DeclaredScopes): Map<number | undefined, PlanScope> {
  const reducers = new Map((definition.reducers ?? []).map(({ key, reducer }) => [key, reducer]));
  const scopes = new Map<number | undefined, PlanScope>();
  const counts = taskCounts(declared);
  const nodeOf = ({ index }: DeclaredTask): PlanNode => nodes[index] as PlanNode;
  for (const [index, scope] of declared) {
    const written = writersOf(new Set(reducers.keys()), scope.tasks);
    // At the top a key with a reducer may have its initial value alone.
    const keys = index === undefined ? [...reducers.keys()] : [...written.keys()];
    scopes.set(index, {
      owner: index === undefined ? undefined : nodes[index], parent: scope.owner && scopes.get(scope.owner.scope), nodes: scope.tasks.map(nodeOf),
      taskCount: counts.get(index) as number,
      writerOf: new Map([...scope.writers].map(([key, writer]) => [key, nodeOf(writer)])),
      reduced: new Map(keys.map((key): [string, ReducedKey] => [key, {
        reducer: reducers.get(key) as ReducedKey["reducer"], writers: (written.get(key) ?? []).map((writer) => writer.index),
      }])),
    });
  }
  return scopes;
}

/** Of each scope, the scopes inside it included. */
function taskCounts(scopes: DeclaredScopes): Map<number | undefined, number> {
  const counts = new Map<number | undefined, number>();
  // Inner scopes stand behind those around them.
  for (const [index, { tasks }] of [...scopes].reverse()) {
    counts.set(index, tasks.reduce((sum, task) => sum + (task.kind === "GROUP" ? (counts.get(task.index) as number) : 1), 0));
  }
  return counts;
}

function nodeBasics(declared: DeclaredTask, reducerKeys: ReadonlySet<string>): Pick<PlanNode, "kind" | "index" | "scope" | "address" | "name" | "groupChain" | "task" | "path" | "keys" | "optionalKeys" | "reducedKeys" | "expansion"> {
  const { kind, index, scope, address, task, path, keys, optionalKeys } = declared;
  return {
    kind, index, scope, address, name: task.name, groupChain: groupsAround(declared).map((group) => group.index).join("."), task, path, keys,
    optionalKeys: optionalKeys.filter((key) => !keys.includes(key)),
    reducedKeys: reducerKeys.size === 0 ? [] : unique([...keys, ...optionalKeys]).filter((key) => reducerKeys.has(key)),
    ...(task.expansion === undefined ? {} : { expansion: task.expansion }),
  };
}

function nodeReads(declared: DeclaredTask, definition: WorkflowDefinition, scopes: DeclaredScopes): Pick<PlanNode, "reads" | "optionalReads" | "variables"> {
  const from = scopes.get(declared.scope) as DeclaredScope;
  const isWritten = (name: string): boolean => resolveName(from, name).scope.writers.has(name) || (definition.externalKeys?.includes(name) ?? false);
  const isRequired = (need: string, name: string): boolean => need === "REQUIRED" || (need === "MAYBE_VARIABLE" && isWritten(name));
  const reads = unique(declared.reads.filter(({ need, name }) => isRequired(need, name)).map(({ name }) => name));
  const required = new Set(reads);
  const others = declared.reads.filter(({ name }) => !required.has(name));
  return {
    reads,
    optionalReads: unique(others.filter(({ need }) => need !== "VARIABLE").map(({ name }) => name)),
    variables: unique(others.filter(({ need }) => need === "VARIABLE").map(({ name }) => name)),
  };
}

function outgoing(needs: readonly Edge[][]): Edge[][] {
  const dependents: Edge[][] = needs.map(() => []);
  for (const edge of needs.flat()) dependents[edge.from]?.push(edge);
  return dependents;
}

/**
 * Longest chain of predecessors, counted in tasks, by taking away tasks whose predecessors are all gone. The tasks of an
 * expanded group come after it, and what comes after the group comes after them.
 */
function levelsOf(tasks: readonly DeclaredTask[], needs: readonly Edge[][], dependents: readonly Edge[][]): number[] {
  const levels = needs.map(() => 1);
  const open = needs.map((edges, index) => edges.length + (tasks[index]?.scope === undefined ? 0 : 1));
  const ready = open.flatMap((count, index) => (count === 0 ? [index] : []));
  const inside = new Map<number, number[]>();
  for (const { kind, index } of tasks) if (kind === "GROUP") inside.set(index, []);
  for (const { scope, index } of tasks) if (scope !== undefined) inside.get(scope)?.push(index);
  const unended = new Map([...inside].map(([group, members]) => [group, members.length]));
  const last = needs.map(() => 0);
  const release = (to: number, level: number): void => {
    levels[to] = Math.max(levels[to] as number, level);
    open[to] = (open[to] as number) - 1;
    if (open[to] === 0) ready.push(to);
  };
  const end = (index: number, level: number): void => {
    for (const { to } of dependents[index] as Edge[]) release(to, level + 1);
    const scope = tasks[index]?.scope;
    if (scope === undefined) return;
    last[scope] = Math.max(last[scope] as number, level);
    unended.set(scope, (unended.get(scope) as number) - 1);
    if (unended.get(scope) === 0) end(scope, last[scope] as number);
  };
  for (let at = 0; at < ready.length; at++) {
    const index = ready[at] as number;
    const members = inside.get(index);
    if (members === undefined) end(index, levels[index] as number);
    else for (const to of members) release(to, levels[index] as number);
  }
  return levels;
}
