/**
 * Scopes: the workflow's own, and one per expanded group, of which each instance has its own copy. Who writes what in
 * each of them, and in which of them a name that a task reads is to be found: reads go outward, writes stay inside.
 */

import type { DeclaredTask, KeyRead } from "./declaredTasks.js";
import type { ExpansionDefinition } from "./definition.js";
import { isObject } from "./json.js";

export interface DeclaredScope {
  /** The expanded group; undefined for the workflow's own scope. */
  readonly owner: DeclaredTask | undefined;
  readonly parent: DeclaredScope | undefined;
  /** Tasks and expanded groups that stand in it directly. */
  readonly tasks: readonly DeclaredTask[];
  /** Context key -> the task that writes it here; the first one when several do. */
  readonly writers: ReadonlyMap<string, DeclaredTask>;
}

/** Where a name leads to, from the scope of its reader outward. MAYBE: a variable that only some instances have, else a key of that scope. */
export interface Resolved {
  readonly kind: "KEY" | "VARIABLE" | "MAYBE";
  /** Where the key is written; of a name that no task writes the workflow's own scope. */
  readonly scope: DeclaredScope;
}

/** By the index of the group that owns it; the workflow's own under undefined. */
export type DeclaredScopes = ReadonlyMap<number | undefined, DeclaredScope>;

export function scopesOf(tasks: readonly DeclaredTask[]): DeclaredScopes {
  const members = new Map<number | undefined, DeclaredTask[]>([[undefined, []]]);
  for (const declared of tasks) if (declared.kind === "GROUP") members.set(declared.index, []);
  for (const declared of tasks) members.get(declared.scope)?.push(declared);
  const scopes = new Map<number | undefined, DeclaredScope>();
  // A group stands before what is in it, so its scope's parent is known when it is its turn.
  for (const [index, inside] of members) {
    const owner = index === undefined ? undefined : tasks[index];
    scopes.set(index, { owner, parent: owner && scopes.get(owner.scope), tasks: inside, writers: writersByKey(inside) });
  }
  return scopes;
}

/** Context key -> the task that writes it; the first one when a faulty definition has several. */
export function writersByKey(tasks: readonly DeclaredTask[]): Map<string, DeclaredTask> {
  const writers = new Map<string, DeclaredTask>();
  for (const declared of tasks) {
    for (const key of [...declared.keys, ...declared.optionalKeys]) if (!writers.has(key)) writers.set(key, declared);
  }
  return writers;
}

/** Follows a name outward. */
export function resolveName(from: DeclaredScope, name: string): Resolved {
  let maybe = false;
  for (let scope = from; ; scope = scope.parent) {
    if (scope.writers.has(name)) return { kind: maybe ? "MAYBE" : "KEY", scope };
    const expansion = scope.owner?.task.expansion;
    const variable = expansion === undefined ? "NO" : isVariable(expansion, name);
    if (variable === "ALWAYS") return { kind: "VARIABLE", scope };
    if (variable === "MAYBE") maybe = true;
    if (scope.parent === undefined) return { kind: maybe ? "MAYBE" : "KEY", scope };
  }
}

/** Says of each read where it leads, and puts what is read from outside an expanded group into the reads of that group. */
export function resolveReads(tasks: readonly DeclaredTask[]): DeclaredTask[] {
  if (!tasks.some(({ kind }) => kind === "GROUP")) return [...tasks];
  const scopes = scopesOf(tasks);
  const hoisted = new Map<number, Map<string, KeyRead>>();
  const resolved = tasks.map((declared) => {
    const from = scopes.get(declared.scope) as DeclaredScope;
    const reads = declared.reads.map((read): KeyRead => {
      const { kind, scope } = resolveName(from, read.name);
      if (kind === "VARIABLE") return { ...read, need: "VARIABLE" };
      hoist(hoisted, from, scope, read);
      return kind === "MAYBE" && read.need === "REQUIRED" ? { ...read, need: "MAYBE_VARIABLE" } : read;
    });
    return { ...declared, reads, compensationReads: declared.compensationReads.map((read) => resolvedRead(from, read)) };
  });
  return resolved.map((declared) => ({ ...declared, reads: [...declared.reads, ...(hoisted.get(declared.index)?.values() ?? [])] }));
}

/** Of what nobody waits for. */
function resolvedRead(from: DeclaredScope, read: KeyRead): KeyRead {
  const { kind } = resolveName(from, read.name);
  if (kind === "VARIABLE") return { ...read, need: "VARIABLE" };
  return kind === "MAYBE" && read.need === "REQUIRED" ? { ...read, need: "MAYBE_VARIABLE" } : read;
}

/** Scopes from this one outward, without the one that ends the way. */
export function outward(from: DeclaredScope, to: DeclaredScope): DeclaredScope[] {
  const way: DeclaredScope[] = [];
  for (let scope = from; scope !== to && scope.parent !== undefined; scope = scope.parent) way.push(scope);
  return way;
}

function hoist(hoisted: Map<number, Map<string, KeyRead>>, from: DeclaredScope, to: DeclaredScope, { name, path }: KeyRead): void {
  for (const { owner } of outward(from, to)) {
    if (owner === undefined) continue;
    const reads = hoisted.get(owner.index) ?? new Map<string, KeyRead>();
    hoisted.set(owner.index, reads);
    if (!reads.has(name)) reads.set(name, { name, path, need: "HOISTED" });
  }
}

/** Whether items of the expansion may, or may not, have a variable of this name. */
export function mayBeVariable(expansion: ExpansionDefinition | undefined, name: string): boolean {
  return expansion !== undefined && isVariable(expansion, name) === "MAYBE";
}

/** Whether the name means a variable of the expansion's items, also in an item that happens to lack it. */
export function isSurelyVariable(expansion: ExpansionDefinition | undefined, name: string): boolean {
  return expansion !== undefined && isVariable(expansion, name) === "ALWAYS";
}

function isVariable(expansion: ExpansionDefinition, name: string): "ALWAYS" | "MAYBE" | "NO" {
  if (Object.hasOwn(expansion.array ?? expansion.zip ?? expansion.matrix ?? {}, name)) return "ALWAYS";
  if (expansion.custom !== undefined) return "MAYBE";
  return (expansion.include ?? []).some((entry) => isObject(entry) && Object.hasOwn(entry, name)) ? "MAYBE" : "NO";
}
