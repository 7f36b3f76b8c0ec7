/** A reducer belongs to a key that some task writes, each key has one at most, and it can start from the key's initial value. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { declaredTasks } from "../declaredTasks.js";
import type { ReducerDefinition, WorkflowDefinition } from "../definition.js";
import { writersOf } from "../edges.js";
import { FORBIDDEN_KEY, isObject } from "../json.js";
import type { JsonValue } from "../json.js";
import { childPath } from "../jsonTree.js";
import { MAX_GROUP_EDGES } from "../limits.js";
import { nearMiss } from "../nearMiss.js";
import { misfitOfInitial } from "../reducers.js";
import type { ContextInput, RuleInput } from "./ruleInput.js";

export function fittingReducers({ definition, context, scopes }: RuleInput): Problem[] {
  const seen = new Set<string>();
  const writers = new Set([...scopes.values()].flatMap((scope) => [...scope.writers.keys()]));
  return (definition.reducers ?? []).flatMap(({ key, reducer }, at) => {
    const path = `reducers[${at}].key`;
    if (key === FORBIDDEN_KEY) return [problem("FORBIDDEN_KEY", `A reducer names the context key ${key}`, path)];
    if (seen.has(key)) return [problem("INVALID_VALUE", `${key} has two reducers`, path, "Keep one of them.")];
    seen.add(key);
    if (!writers.has(key)) {
      const near = nearMiss(key, [...writers]);
      return [problem("UNKNOWN_KEY", `There is a reducer for ${key}, which no task writes`, path, near === undefined ? "Let a task write it, or remove the reducer." : `Did you mean ${near}?`)];
    }
    return initialProblems({ key, reducer }, context);
  });
}

/** Every reducer can start from its key's initial value. */
export function fittingInitialValues({ definition, context }: ContextInput): Problem[] {
  return (definition.reducers ?? []).flatMap((reducer) => initialProblems(reducer, context));
}

function initialProblems({ key, reducer }: ReducerDefinition, context: JsonValue | undefined): Problem[] {
  const initial = isObject(context) && Object.hasOwn(context, key) ? context[key] : undefined;
  const misfit = initial === undefined ? undefined : misfitOfInitial(reducer, initial);
  if (misfit === undefined) return [];
  return [problem("INVALID_VALUE", `The initial value of ${key} is ${misfit.is}, from which ${reducer} cannot start`, childPath("context", key), `Give ${misfit.needs}.`)];
}

/** Each reader of a key waits for each of its writers; to be asked before these edges are made. */
export function reducerEdgeProblems(definition: WorkflowDefinition): Problem[] {
  if (!definition.reducers?.length) return [];
  const tasks = declaredTasks(definition);
  const writers = writersOf(new Set(definition.reducers.map(({ key }) => key)), tasks);
  const edges = tasks.reduce((total, { reads }) => total + [...new Set(reads.map(({ name }) => name))].reduce((sum, name) => sum + (writers.get(name)?.length ?? 0), 0), 0);
  if (edges <= MAX_GROUP_EDGES) return [];
  return [problem("LIMIT_EXCEEDED", `Readers of keys with a reducer times the writers of those keys make ${edges} edges; the limit is ${MAX_GROUP_EDGES}`, "reducers",
    "Let one task read the key, and the others what that task writes.")];
}
