/** What every rule is given: the definition, the context and facts that several rules need, computed once. */

import type { Problem } from "../../errors.js";
import { declaredTasks } from "../declaredTasks.js";
import type { DeclaredTask } from "../declaredTasks.js";
import type { ExpansionDefinition, WorkflowDefinition } from "../definition.js";
import { edgesInto, reducedWriters, writersByKey } from "../edges.js";
import { isObject } from "../json.js";
import type { JsonValue } from "../json.js";
import type { Edge } from "../plan.js";

/** The names of the handlers that this process knows. */
export interface KnownHandlers {
  has(name: string): boolean;
  names(): string[];
  /** Expanders registered in processes that live; absent: not known, and nothing is said about them. */
  expanders?: { has(name: string): boolean; names(): string[] };
}

export interface RuleInput {
  readonly definition: WorkflowDefinition;
  /** undefined: not known yet; then nothing is said about keys that it may hold. */
  readonly context: JsonValue | undefined;
  readonly handlers: KnownHandlers;
  /** Keys of the initial context; undefined when it is not known, empty when it is no object. */
  readonly contextKeys: ReadonlySet<string> | undefined;
  readonly tasks: readonly DeclaredTask[];
  /** Context key -> the first task that writes it. */
  readonly writers: ReadonlyMap<string, DeclaredTask>;
  /** Key with a reducer -> all tasks that write it. */
  readonly reduced: ReadonlyMap<string, readonly DeclaredTask[]>;
  /** Edges into each task, by the task's index. */
  readonly edges: readonly (readonly Edge[])[];
}

/** Finds all breaches of one rule. */
export type Rule = (input: RuleInput) => Problem[];

export function ruleInput(definition: WorkflowDefinition, context: JsonValue | undefined, handlers: KnownHandlers): RuleInput {
  const tasks = declaredTasks(definition);
  const contextKeys = context === undefined ? undefined : new Set(isObject(context) ? Object.keys(context) : []);
  const reduced = reducedWriters(definition, tasks);
  return { definition, context, handlers, contextKeys, tasks, reduced, writers: writersByKey(tasks), edges: edgesInto(tasks, reduced) };
}

/** Every task that has an expansion, with the expansion's path. */
export function expansionsOf(input: RuleInput): { declared: DeclaredTask; expansion: ExpansionDefinition; path: string }[] {
  return input.tasks.flatMap((declared) => {
    const { expansion } = declared.task;
    return expansion === undefined ? [] : [{ declared, expansion, path: `${declared.path}.expansion` }];
  });
}
