/** The edges between a definition's tasks: who waits for whom, and why. */

import type { DeclaredTask } from "./declaredTasks.js";
import type { WorkflowDefinition } from "./definition.js";
import type { Edge, EdgeKind } from "./plan.js";

const STRICTNESS: Readonly<Record<EdgeKind, number>> = { KEY: 3, AFTER: 2, REDUCED: 1, OPTIONAL: 0 };

/** Context key -> the task that writes it; the first one when a faulty definition has several. */
export function writersByKey(tasks: readonly DeclaredTask[]): Map<string, DeclaredTask> {
  const writers = new Map<string, DeclaredTask>();
  for (const declared of tasks) {
    for (const key of [...declared.keys, ...declared.optionalKeys]) if (!writers.has(key)) writers.set(key, declared);
  }
  return writers;
}

/** Key with a reducer -> all tasks that write it, in the order of the definition. */
export function reducedWriters({ reducers }: WorkflowDefinition, tasks: readonly DeclaredTask[]): Map<string, DeclaredTask[]> {
  const writers = new Map<string, DeclaredTask[]>((reducers ?? []).map(({ key }) => [key, []]));
  if (writers.size === 0) return writers;
  for (const declared of tasks) {
    for (const key of new Set([...declared.keys, ...declared.optionalKeys])) writers.get(key)?.push(declared);
  }
  return writers;
}

/** Finds the task that a name in `after` means: one of the own group first, then a full address. */
export function afterResolver(tasks: readonly DeclaredTask[]): (declared: DeclaredTask, name: string) => DeclaredTask | undefined {
  const byAddress = new Map<string, DeclaredTask>();
  for (const declared of tasks) if (!byAddress.has(declared.address)) byAddress.set(declared.address, declared);
  return (declared, name) => byAddress.get(`${declared.declaredIn.address}.${name}`) ?? byAddress.get(name);
}

/**
 * Edges into each task, ordered by where they come from: at most one per pair of tasks, the strictest. Names that
 * nobody writes and tasks that do not exist make no edge, nor does a task that waits for itself; rules report those.
 */
export function edgesInto(tasks: readonly DeclaredTask[], reduced: ReadonlyMap<string, readonly DeclaredTask[]>): Edge[][] {
  const writers = writersByKey(tasks);
  const resolveAfter = afterResolver(tasks);
  return tasks.map((declared) => {
    const byOrigin = new Map<number, Edge>();
    const add = (from: DeclaredTask | undefined, kind: EdgeKind, key?: string): void => {
      if (from === undefined || from.index === declared.index) return;
      const present = byOrigin.get(from.index);
      if (present !== undefined && STRICTNESS[present.kind] >= STRICTNESS[kind]) return;
      byOrigin.set(from.index, { from: from.index, to: declared.index, kind, ...(key === undefined ? {} : { key }) });
    };
    for (const { name, need } of declared.reads) {
      const several = reduced.get(name);
      if (several === undefined) add(writers.get(name), need === "OPTIONAL" ? "OPTIONAL" : "KEY", name);
      else for (const writer of several) add(writer, need === "OPTIONAL" ? "OPTIONAL" : "REDUCED", name);
    }
    for (const name of declared.task.after) add(resolveAfter(declared, name), "AFTER");
    return [...byOrigin.values()].sort((left, right) => left.from - right.from);
  });
}
