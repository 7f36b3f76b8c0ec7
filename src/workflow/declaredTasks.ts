/** A definition's tasks in the order of declaration, each with the context keys it reads and writes. */

import { FanwireError, problem } from "../errors.js";
import type { Problem } from "../errors.js";
import { checkExpression, compileExpression } from "./expressions/expression.js";
import { checkTemplate, compileTemplate } from "./expressions/template.js";
import type { Reads } from "./expressions/types.js";
import { chainOf, declaredGroups } from "./declaredGroups.js";
import type { DeclaredGroup } from "./declaredGroups.js";
import type { ExpansionDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "./definition.js";
import { isObject } from "./json.js";
import type { JsonValue } from "./json.js";
import { childrenOf } from "./jsonTree.js";

export interface DeclaredTask {
  /** Position among all tasks: groups in order, tasks in order. */
  readonly index: number;
  /** The group that it stands in directly. */
  readonly declaredIn: DeclaredGroup;
  readonly group: TaskGroupDefinition;
  readonly groupIndex: number;
  readonly task: TaskDefinition;
  /** groups[0].tasks[2] */
  readonly path: string;
  /** group.task, with all groups around it */
  readonly address: string;
  readonly keys: readonly string[];
  readonly optionalKeys: readonly string[];
  readonly reads: readonly KeyRead[];
  /** Of templates and expressions that cannot be parsed, or whose reads cannot be told. */
  readonly syntaxProblems: readonly Problem[];
}

/**
 * One place that reads a context key. REQUIRED: it cannot do without. OPTIONAL: it can. MAYBE_VARIABLE: the name may
 * be a variable that only some items have (custom, matrix include), so it is required only if some task writes it.
 */
export interface KeyRead {
  readonly name: string;
  readonly path: string;
  readonly need: "REQUIRED" | "OPTIONAL" | "MAYBE_VARIABLE";
}

const known = new WeakMap<WorkflowDefinition, readonly DeclaredTask[]>();

/** Parses every template and expression, once per definition object, which must not change afterwards. */
export function declaredTasks(definition: WorkflowDefinition): readonly DeclaredTask[] {
  const before = known.get(definition);
  if (before !== undefined) return before;
  const tasks: DeclaredTask[] = [];
  for (const declaredIn of declaredGroups(definition)) {
    const { group, index: groupIndex } = declaredIn;
    group.tasks.forEach((task, taskIndex) => {
      const path = `${declaredIn.path}.tasks[${taskIndex}]`;
      const sources = new SourceReader();
      const reads = readsOf(task, path, declaredIn, sources);
      tasks.push({
        index: tasks.length, declaredIn, group, groupIndex, task, path, address: `${declaredIn.address}.${task.name}`,
        keys: unique(task.resultKeys ?? [task.name]), optionalKeys: unique(task.optionalResultKeys),
        reads, syntaxProblems: sources.problems,
      });
    });
  }
  known.set(definition, tasks);
  return tasks;
}

/** Where a task declares a key that it writes; its name, when the key is the default one. */
export function writePath(declared: DeclaredTask, key: string): string {
  const required = declared.task.resultKeys?.indexOf(key) ?? -1;
  if (required >= 0) return `${declared.path}.resultKeys[${required}]`;
  const optional = declared.task.optionalResultKeys.indexOf(key);
  return optional >= 0 ? `${declared.path}.optionalResultKeys[${optional}]` : `${declared.path}.name`;
}

export function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function readsOf(task: TaskDefinition, path: string, declaredIn: DeclaredGroup, sources: SourceReader): KeyRead[] {
  const inItem = itemScopeReads(task.expansion);
  const inferred = [
    ...sources.expression(task.when, `${path}.when`),
    ...inItem(sources.template(task.input, `${path}.input`)),
    ...inItem(sources.expression(task.validate, `${path}.validate`)),
    // Of the task, not of an item: the item's variables do not stand before the keys of their names.
    ...sources.template(task.fallback, `${path}.fallback`),
    ...(task.expansion === undefined ? [] : expansionReads(task.expansion, `${path}.expansion`, inItem, sources)),
  ];
  // Who declares a key as optional reads it as null in his templates, too.
  const optional = new Set(task.optionalDependencies);
  return [
    ...chainOf(declaredIn).flatMap(({ group, path: at }) =>
      group.dependencies.map((name, i): KeyRead => ({ name, path: `${at}.dependencies[${i}]`, need: "REQUIRED" }))),
    ...task.dependencies.map((name, at): KeyRead => ({ name, path: `${path}.dependencies[${at}]`, need: "REQUIRED" })),
    ...task.optionalDependencies.map((name, at): KeyRead => ({ name, path: `${path}.optionalDependencies[${at}]`, need: "OPTIONAL" })),
    ...inferred.map((read): KeyRead => (optional.has(read.name) ? { ...read, need: "OPTIONAL" } : read)),
  ];
}

/** The expansion's own values are evaluated before there is an item, so variables do not shadow there. */
function expansionReads(expansion: ExpansionDefinition, path: string, inItem: (reads: KeyRead[]) => KeyRead[], sources: SourceReader): KeyRead[] {
  const values = (["array", "zip", "matrix"] as const).flatMap((kind) => {
    const variables = expansion[kind];
    return isObject(variables) ? childrenOf(variables, `${path}.${kind}`) : [];
  });
  return [
    ...values.flatMap(({ value, path: at }) => (typeof value === "string" ? sources.expression(value, at) : [])),
    ...sources.expression(expansion.custom?.expression, `${path}.custom.expression`),
    ...sources.template(expansion.custom?.args, `${path}.custom.args`),
    ...inItem(sources.expression(expansion.filter, `${path}.filter`)),
    ...inItem(sources.template(expansion.identifier, `${path}.identifier`)),
    ...sources.expression(expansion.reduce, `${path}.reduce`),
  ];
}

/** Takes the item's variables out of what the parts evaluated per item read. */
function itemScopeReads(expansion: ExpansionDefinition | undefined): (reads: KeyRead[]) => KeyRead[] {
  if (expansion === undefined) return (reads) => reads;
  const always = new Set(Object.keys(expansion.array ?? expansion.zip ?? expansion.matrix ?? {}));
  const sometimes = new Set((expansion.include ?? []).flatMap((entry) => (isObject(entry) ? Object.keys(entry) : [])));
  return (reads) => reads.flatMap((read): KeyRead[] => {
    if (always.has(read.name)) return [];
    const maybe = read.need === "REQUIRED" && (expansion.custom !== undefined || sometimes.has(read.name));
    return [maybe ? { ...read, need: "MAYBE_VARIABLE" } : read];
  });
}

/** Finds what templates and expressions read, and keeps the problems of those that cannot be parsed. */
class SourceReader {
  readonly problems: Problem[] = [];

  /** Reads of every string inside, each with its own path. */
  template(value: JsonValue | undefined, path: string): KeyRead[] {
    if (value === undefined) return [];
    if (typeof value !== "string") return childrenOf(value, path).flatMap((child) => this.template(child.value, child.path));
    if (!value.includes("{{")) return [];
    return this.#reads(() => compileTemplate(value), () => checkTemplate(value, path), path);
  }

  expression(source: string | undefined, path: string): KeyRead[] {
    return source === undefined ? [] : this.#reads(() => compileExpression(source), () => checkExpression(source, path), path);
  }

  #reads(compile: () => { reads: Reads; usesWholeScope: boolean }, check: () => Problem[], path: string): KeyRead[] {
    try {
      const { reads, usesWholeScope } = compile();
      if (usesWholeScope) this.problems.push(problem("WHOLE_SCOPE", "The expression reads the scope as a whole, so nobody can tell which keys it waits for", path));
      return keyReads(reads, path);
    } catch (error) {
      if (!(error instanceof FanwireError)) throw error;
      this.problems.push(...check());
      return [];
    }
  }
}

function keyReads(reads: Reads, path: string): KeyRead[] {
  return [
    ...reads.required.map((name): KeyRead => ({ name, path, need: "REQUIRED" })),
    ...reads.optional.filter((name) => !reads.required.includes(name)).map((name): KeyRead => ({ name, path, need: "OPTIONAL" })),
  ];
}
