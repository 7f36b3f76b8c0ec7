/** What every rule is given: the definition, the context and facts that several rules need, computed once. */

import type { Problem } from "../../errors.js";
import { declaredTasks } from "../declaredTasks.js";
import type { DeclaredTask } from "../declaredTasks.js";
import type { ExpansionDefinition, WorkflowDefinition } from "../definition.js";
import { edgesInto } from "../edges.js";
import { isObject } from "../json.js";
import type { JsonValue } from "../json.js";
import type { Edge } from "../plan.js";
import { scopesOf } from "../scopes.js";
import type { DeclaredScope, DeclaredScopes } from "../scopes.js";

/** The names of the handlers that this process knows. */
export interface KnownHandlers {
  has(name: string): boolean;
  names(): string[];
  /** Expanders registered in processes that live; absent: not known, and nothing is said about them. */
  expanders?: { has(name: string): boolean; names(): string[] };
}

/** All that rules of the initial context's values need. */
export interface ContextInput {
  readonly definition: WorkflowDefinition;
  /** undefined: not known yet; then nothing is said about keys that it may hold. */
  readonly context: JsonValue | undefined;
}

export interface RuleInput extends ContextInput {
  readonly handlers: KnownHandlers;
  /** Keys of the initial context; undefined when it is not known, empty when it is no object. */
  readonly contextKeys: ReadonlySet<string> | undefined;
  /** Expanded groups among them. */
  readonly tasks: readonly DeclaredTask[];
  readonly scopes: DeclaredScopes;
  /** Context key -> the first task that writes it in the workflow's own scope. */
  readonly writers: ReadonlyMap<string, DeclaredTask>;
  /** Keys with a reducer. */
  readonly reducerKeys: ReadonlySet<string>;
  /** Edges into each task, by the task's index. */
  readonly edges: readonly (readonly Edge[])[];
}

/** Finds all breaches of one rule. */
export type Rule = (input: RuleInput) => Problem[];

export function ruleInput(definition: WorkflowDefinition, context: JsonValue | undefined, handlers: KnownHandlers): RuleInput {
  const tasks = declaredTasks(definition);
  const contextKeys = context === undefined ? undefined : new Set(isObject(context) ? Object.keys(context) : []);
  const scopes = scopesOf(tasks);
  const reducerKeys = new Set((definition.reducers ?? []).map(({ key }) => key));
  const { writers } = scopes.get(undefined) as DeclaredScope;
  return { definition, context, handlers, contextKeys, tasks, scopes, reducerKeys, writers, edges: edgesInto(tasks, reducerKeys, scopes) };
}

/** Every task that has an expansion, with the expansion's path. */
export function expansionsOf(input: RuleInput): { declared: DeclaredTask; expansion: ExpansionDefinition; path: string }[] {
  return input.tasks.flatMap((declared) => {
    const { expansion } = declared.task;
    return expansion === undefined ? [] : [{ declared, expansion, path: `${declared.path}.expansion` }];
  });
}
