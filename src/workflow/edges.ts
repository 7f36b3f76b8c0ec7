/** The edges between a definition's tasks: who waits for whom, and why. */

import type { DeclaredTask } from "./declaredTasks.js";
import type { Edge, EdgeKind } from "./plan.js";

const STRICTNESS: Readonly<Record<EdgeKind, number>> = { KEY: 2, AFTER: 1, OPTIONAL: 0 };

/** Context key -> the task that writes it; the first one when a faulty definition has several. */
export function writersByKey(tasks: readonly DeclaredTask[]): Map<string, DeclaredTask> {
  const writers = new Map<string, DeclaredTask>();
  for (const declared of tasks) {
    for (const key of [...declared.keys, ...declared.optionalKeys]) if (!writers.has(key)) writers.set(key, declared);
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
export function edgesInto(tasks: readonly DeclaredTask[]): Edge[][] {
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
    for (const read of declared.reads) add(writers.get(read.name), read.need === "OPTIONAL" ? "OPTIONAL" : "KEY", read.name);
    for (const name of declared.task.after) add(resolveAfter(declared, name), "AFTER");
    return [...byOrigin.values()].sort((left, right) => left.from - right.from);
  });
}
