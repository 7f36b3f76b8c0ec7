/** What a task's templates, expressions and declarations read by name, each place with its path. */

import { FanwireError, problem } from "../errors.js";
import type { Problem } from "../errors.js";
import type { DeclaredGroup } from "./declaredGroups.js";
import type { KeyRead } from "./declaredTasks.js";
import type { ExpansionDefinition, TaskDefinition } from "./definition.js";
import { checkExpression, compileExpression } from "./expressions/expression.js";
import { checkTemplate, compileTemplate } from "./expressions/template.js";
import type { Reads } from "./expressions/types.js";
import { isObject } from "./json.js";
import type { JsonValue } from "./json.js";
import { childrenOf } from "./jsonTree.js";

/** @param groups whose dependencies the task waits for */
export function ownReads(task: TaskDefinition, path: string, groups: readonly DeclaredGroup[], sources: SourceReader): KeyRead[] {
  const inItem = itemScopeReads(task.expansion);
  const inferred = [
    ...sources.expression(task.when, `${path}.when`),
    ...inItem(sources.template(task.input, `${path}.input`, "SECRETS")),
    ...inItem(sources.expression(task.validate, `${path}.validate`)),
    // Of the task, not of an item: the item's variables do not stand before the keys of their names.
    ...sources.template(task.fallback, `${path}.fallback`),
    ...(task.expansion === undefined ? [] : expansionReads(task.expansion, `${path}.expansion`, inItem, sources)),
  ];
  // Who declares a key as optional reads it as null in his templates, too.
  const optional = new Set(task.optionalDependencies);
  return [
    ...groups.flatMap(({ group, path: at }) => group.dependencies.map((name, i): KeyRead => ({ name, path: `${at}.dependencies[${i}]`, need: "REQUIRED" }))),
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
export function itemScopeReads(expansion: ExpansionDefinition | undefined): (reads: KeyRead[]) => KeyRead[] {
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
export class SourceReader {
  readonly problems: Problem[] = [];

  /** Reads of every string inside, each with its own path. */
  template(value: JsonValue | undefined, path: string, may?: "SECRETS"): KeyRead[] {
    if (value === undefined) return [];
    if (typeof value !== "string") return childrenOf(value, path).flatMap((child) => this.template(child.value, child.path, may));
    if (!value.includes("{{")) return [];
    return this.#reads(() => compileTemplate(value), () => checkTemplate(value, path), path, may);
  }

  expression(source: string | undefined, path: string): KeyRead[] {
    return source === undefined ? [] : this.#reads(() => compileExpression(source), () => checkExpression(source, path), path);
  }

  /** @param may what is handed to a handler may hold secrets; everything else is kept, or shown */
  #reads(compile: () => { reads: Reads; usesWholeScope: boolean; secrets: readonly string[] }, check: () => Problem[], path: string, may?: "SECRETS"): KeyRead[] {
    try {
      const { reads, usesWholeScope, secrets } = compile();
      if (secrets.length > 0 && may !== "SECRETS") this.problems.push(problem("SECRET_PLACE", `The secret ${secrets[0]} may not be used here`, path));
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
