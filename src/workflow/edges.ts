/** The edges between a definition's tasks: who waits for whom, and why. */

import type { DeclaredTask } from "./declaredTasks.js";
import type { Edge, EdgeKind } from "./plan.js";
import { scopesOf } from "./scopes.js";
import type { DeclaredScopes } from "./scopes.js";

const STRICTNESS: Readonly<Record<EdgeKind, number>> = { KEY: 3, AFTER: 2, REDUCED: 1, OPTIONAL: 0 };

/** Finds the task that a name in `after` means: one of the own group first, then a full address. */
export function afterResolver(tasks: readonly DeclaredTask[]): (declared: DeclaredTask, name: string) => DeclaredTask | undefined {
  const byAddress = new Map<string, DeclaredTask>();
  for (const declared of tasks) if (declared.kind === "TASK" && !byAddress.has(declared.address)) byAddress.set(declared.address, declared);
  return (declared, name) => byAddress.get(`${declared.declaredIn.address}.${name}`) ?? byAddress.get(name);
}

/**
 * What a task that comes after another has to wait for: the other one itself, or the expanded group that stands around it
 * in the nearest scope that both have in common.
 */
export function inSharedScope(tasks: readonly DeclaredTask[], scopes: DeclaredScopes, declared: DeclaredTask, after: DeclaredTask): DeclaredTask {
  const around = new Set<number | undefined>();
  for (let scope = scopes.get(declared.scope); scope; scope = scope.parent) around.add(scope.owner?.index);
  let target = after;
  while (!around.has(target.scope)) target = tasks[target.scope as number] as DeclaredTask;
  return target;
}

/** Tasks outside its own scope that a task comes after. */
export function outerAfter(tasks: readonly DeclaredTask[], scopes: DeclaredScopes): number[][] {
  const resolveAfter = afterResolver(tasks);
  return tasks.map((declared) => declared.task.after.flatMap((name) => {
    const named = resolveAfter(declared, name);
    const target = named && inSharedScope(tasks, scopes, declared, named);
    return target === undefined || target.scope === declared.scope ? [] : [target.index];
  }));
}

/**
 * Edges into each task, ordered by where they come from: at most one per pair of tasks, the strictest. They stay within
 * a scope: what a task inside an expanded group waits for outside of it, the group waits for. Names that nobody writes and
 * tasks that do not exist make no edge, nor does a task that waits for itself; rules report those.
 */
export function edgesInto(tasks: readonly DeclaredTask[], reducerKeys: ReadonlySet<string>, scopes: DeclaredScopes = scopesOf(tasks)): Edge[][] {
  const reducedIn = new Map([...scopes].map(([index, scope]) => [index, writersOf(reducerKeys, scope.tasks)]));
  const edges = tasks.map(() => new Map<number, Edge>());
  const add = (from: DeclaredTask | undefined, to: DeclaredTask, kind: EdgeKind, key?: string): void => {
    if (from === undefined || from.index === to.index) return;
    const byOrigin = edges[to.index] as Map<number, Edge>;
    const present = byOrigin.get(from.index);
    if (present !== undefined && STRICTNESS[present.kind] >= STRICTNESS[kind]) return;
    byOrigin.set(from.index, { from: from.index, to: to.index, kind, ...(key === undefined ? {} : { key }) });
  };
  const resolveAfter = afterResolver(tasks);
  for (const declared of tasks) {
    const writers = scopes.get(declared.scope)?.writers;
    for (const { name, need } of declared.reads) {
      const several = reducedIn.get(declared.scope)?.get(name);
      const softly = need === "OPTIONAL" || need === "HOISTED";
      if (several === undefined) add(writers?.get(name), declared, softly ? "OPTIONAL" : "KEY", name);
      else for (const writer of several) add(writer, declared, softly ? "OPTIONAL" : "REDUCED", name);
    }
    for (const name of declared.task.after) {
      const named = resolveAfter(declared, name);
      const target = named && inSharedScope(tasks, scopes, declared, named);
      if (target?.scope === declared.scope) add(target, declared, "AFTER");
      else if (target) add(target, groupIn(tasks, declared, target.scope), "OPTIONAL");
    }
  }
  return edges.map((byOrigin) => [...byOrigin.values()].sort((left, right) => left.from - right.from));
}

/** The expanded group of that scope in which the task runs: it waits until what the task comes after has ended. */
function groupIn(tasks: readonly DeclaredTask[], declared: DeclaredTask, scope: number | undefined): DeclaredTask {
  let around = declared;
  while (around.scope !== scope) around = tasks[around.scope as number] as DeclaredTask;
  return around;
}

/** Key with a reducer -> those of these tasks that write it, for keys that some of them write. */
export function writersOf(reducerKeys: ReadonlySet<string>, tasks: readonly DeclaredTask[]): Map<string, DeclaredTask[]> {
  const writers = new Map<string, DeclaredTask[]>();
  if (reducerKeys.size === 0) return writers;
  for (const declared of tasks) {
    for (const key of new Set([...declared.keys, ...declared.optionalKeys])) {
      if (!reducerKeys.has(key)) continue;
      const list = writers.get(key);
      if (list) list.push(declared);
      else writers.set(key, [declared]);
    }
  }
  return writers;
}
