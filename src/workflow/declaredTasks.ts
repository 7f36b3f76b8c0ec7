/** A definition's tasks and expanded groups in the order of declaration, each with the context keys it reads and writes. */

import type { Problem } from "../errors.js";
import { chainOf, declaredGroups } from "./declaredGroups.js";
import type { DeclaredGroup } from "./declaredGroups.js";
import { itemScopeReads, ownReads, SourceReader } from "./declaredReads.js";
import type { TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "./definition.js";
import { unique } from "./json.js";
import { resolveReads } from "./scopes.js";

/** What stands for the handler of a group that is expanded as a whole; no handler has such a name. */
export const GROUP_HANDLER = "$group";

export interface DeclaredTask {
  /** GROUP: a group that is expanded as a whole; to the scope around it it is one task, see `task`. */
  readonly kind: "TASK" | "GROUP";
  /** Position among all tasks and expanded groups: groups in order, a group before its tasks, tasks in order. */
  readonly index: number;
  /** Index of the innermost expanded group around it, in whose instances it runs. */
  readonly scope: number | undefined;
  /** The group that it stands in directly; of a GROUP the group itself. */
  readonly declaredIn: DeclaredGroup;
  readonly group: TaskGroupDefinition;
  readonly task: TaskDefinition;
  /** groups[0].tasks[2] */
  readonly path: string;
  /** group.task, with all groups around it */
  readonly address: string;
  readonly keys: readonly string[];
  readonly optionalKeys: readonly string[];
  readonly reads: readonly KeyRead[];
  /** What its compensation reads; it waits for none of these. */
  readonly compensationReads: readonly KeyRead[];
  /** Of templates and expressions that cannot be parsed, or whose reads cannot be told. */
  readonly syntaxProblems: readonly Problem[];
}

/**
 * One place that reads a context key. REQUIRED: it cannot do without. OPTIONAL: it can. MAYBE_VARIABLE: the name may
 * be a variable that only some items have (custom, matrix include), so it is required only if some task writes it.
 * VARIABLE: it is a variable of an expanded group around the task. HOISTED: tasks inside an expanded group read it from
 * outside, so the group waits until it has come or can no longer come.
 */
export interface KeyRead {
  readonly name: string;
  readonly path: string;
  readonly need: "REQUIRED" | "OPTIONAL" | "MAYBE_VARIABLE" | "VARIABLE" | "HOISTED";
}

const known = new WeakMap<WorkflowDefinition, readonly DeclaredTask[]>();

/** Parses every template and expression, once per definition object, which must not change afterwards. */
export function declaredTasks(definition: WorkflowDefinition): readonly DeclaredTask[] {
  const before = known.get(definition);
  if (before !== undefined) return before;
  const drafts: DeclaredTask[] = [];
  const scopes = new Map<DeclaredGroup, number>();
  for (const declaredIn of declaredGroups(definition)) {
    if (declaredIn.group.expansion !== undefined) {
      scopes.set(declaredIn, drafts.length);
      drafts.push(declaredGroup(declaredIn, drafts.length, indexIn(scopes, declaredIn.parent?.scope)));
    }
    declaredIn.group.tasks.forEach((task, at) => {
      drafts.push(declaredTask(declaredIn, task, at, drafts.length, indexIn(scopes, declaredIn.scope)));
    });
  }
  const tasks = resolveReads(withGroupKeys(drafts));
  known.set(definition, tasks);
  return tasks;
}

/** The groups around it within its scope, outermost first; in an instance of an expanded group that group is the first. */
export function groupsAround({ kind, declaredIn }: DeclaredTask): DeclaredGroup[] {
  const inner = kind === "GROUP" ? declaredIn.parent : declaredIn;
  if (inner === undefined) return [];
  const chain = chainOf(inner);
  return inner.scope === undefined ? chain : chain.slice(chain.indexOf(inner.scope));
}

/** Where a task declares a key that it writes; its name, when the key is the default one. */
export function writePath(declared: DeclaredTask, key: string): string {
  const required = declared.task.resultKeys?.indexOf(key) ?? -1;
  if (required >= 0) return `${declared.path}.resultKeys[${required}]`;
  const optional = declared.task.optionalResultKeys.indexOf(key);
  return optional >= 0 ? `${declared.path}.optionalResultKeys[${optional}]` : `${declared.path}.name`;
}

function indexIn(scopes: ReadonlyMap<DeclaredGroup, number>, scope: DeclaredGroup | undefined): number | undefined {
  return scope === undefined ? undefined : scopes.get(scope);
}

function declaredTask(declaredIn: DeclaredGroup, task: TaskDefinition, at: number, index: number, scope: number | undefined): DeclaredTask {
  const path = `${declaredIn.path}.tasks[${at}]`;
  const sources = new SourceReader();
  const reads = ownReads(task, path, groupsInScope(declaredIn), sources);
  const compensationReads = itemScopeReads(task.expansion)(sources.template(task.compensate?.input, `${path}.compensate.input`, "SECRETS"));
  return {
    kind: "TASK", index, scope, declaredIn, group: declaredIn.group, task, path, address: `${declaredIn.address}.${task.name}`,
    keys: unique(task.resultKeys ?? [task.name]), optionalKeys: unique(task.optionalResultKeys), reads, compensationReads, syntaxProblems: sources.problems,
  };
}

function declaredGroup(declaredIn: DeclaredGroup, index: number, scope: number | undefined): DeclaredTask {
  const { group, path, address } = declaredIn;
  const sources = new SourceReader();
  const task: TaskDefinition = {
    name: group.name, handler: GROUP_HANDLER, dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [], onFailure: "FAIL",
    ...(group.resultKeys === undefined ? {} : { resultKeys: group.resultKeys }),
    ...(group.timeoutMs === undefined ? {} : { totalTimeoutMs: group.timeoutMs }),
    ...(group.expansion === undefined ? {} : { expansion: group.expansion }),
  };
  const around = declaredIn.parent === undefined ? [] : groupsInScope(declaredIn.parent);
  const reads = ownReads(task, path, [...around, declaredIn], sources);
  return { kind: "GROUP", index, scope, declaredIn, group, task, path, address, keys: unique(group.resultKeys ?? []), optionalKeys: [], reads, compensationReads: [], syntaxProblems: sources.problems };
}

/** Groups whose dependencies a task waits for itself: those of the groups further out hold up the expanded group. */
function groupsInScope(declaredIn: DeclaredGroup): DeclaredGroup[] {
  const chain = chainOf(declaredIn);
  return declaredIn.scope === undefined ? chain : chain.slice(chain.indexOf(declaredIn.scope) + 1);
}

/** An expanded group hands out what its tasks write, and the expanded groups in it, unless it says otherwise. */
function withGroupKeys(drafts: readonly DeclaredTask[]): DeclaredTask[] {
  const tasks = [...drafts];
  // Inner groups stand behind those around them.
  for (const { kind, index, group } of [...drafts].reverse()) {
    if (kind !== "GROUP" || group.resultKeys !== undefined) continue;
    const inside = tasks.filter(({ scope }) => scope === index).flatMap(({ keys, optionalKeys }) => [...keys, ...optionalKeys]);
    tasks[index] = { ...(tasks[index] as DeclaredTask), keys: unique(inside) };
  }
  return tasks;
}
