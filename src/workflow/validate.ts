/** Finds every problem of a definition and its initial context at once: a list of rules, each in a file of its own. */

import { problem } from "../errors.js";
import type { Problem } from "../errors.js";
import { declaredGroups } from "./declaredGroups.js";
import type { TaskGroupDefinition, WorkflowDefinition } from "./definition.js";
import type { JsonValue } from "./json.js";
import { isDeeperThan } from "./jsonTree.js";
import { MAX_GROUP_EDGES, MAX_JSON_DEPTH } from "./limits.js";
import { compensations } from "./rules/compensations.js";
import { contextIsObject } from "./rules/contextIsObject.js";
import { expansionKind } from "./rules/expansionKind.js";
import { expansionOptions } from "./rules/expansionOptions.js";
import { expansionVariables } from "./rules/expansionVariables.js";
import { externalKeys } from "./rules/externalKeys.js";
import { exportedKeys } from "./rules/exportedKeys.js";
import { fallbackGiven } from "./rules/fallbackGiven.js";
import { groupResultKeys } from "./rules/groupResultKeys.js";
import { keysNotInContext } from "./rules/keysNotInContext.js";
import { knownAfterTasks } from "./rules/knownAfterTasks.js";
import { knownExpanders } from "./rules/knownExpanders.js";
import { knownHandlers } from "./rules/knownHandlers.js";
import { knownKeys } from "./rules/knownKeys.js";
import { literalLists } from "./rules/literalLists.js";
import { matrixEntries } from "./rules/matrixEntries.js";
import { noCycles } from "./rules/noCycles.js";
import { noForbiddenContextKeys, noForbiddenKeys } from "./rules/noForbiddenKeys.js";
import { noSelfDependencies } from "./rules/noSelfDependencies.js";
import { fittingInitialValues, fittingReducers, reducerEdgeProblems } from "./rules/fittingReducers.js";
import { queuesAndPriorities } from "./rules/queuesAndPriorities.js";
import { requiredParts } from "./rules/requiredParts.js";
import { retryAndTimeout } from "./rules/retryAndTimeout.js";
import { ruleInput } from "./rules/ruleInput.js";
import type { ContextInput, KnownHandlers, Rule, RuleInput } from "./rules/ruleInput.js";
import { timeLimits } from "./rules/timeLimits.js";
import { uniqueNames } from "./rules/uniqueNames.js";
import { uniqueWriters } from "./rules/uniqueWriters.js";
import { validNames } from "./rules/validNames.js";
import { validSyntax } from "./rules/validSyntax.js";
import { contextWithinLimits, withinLimits } from "./rules/withinLimits.js";

const RULES: readonly Rule[] = [
  requiredParts, validNames, uniqueNames, withinLimits, contextWithinLimits, contextIsObject, noForbiddenContextKeys, noForbiddenKeys, knownHandlers, validSyntax,
  expansionKind, expansionVariables, matrixEntries, literalLists, expansionOptions, knownExpanders, fallbackGiven, retryAndTimeout, timeLimits, queuesAndPriorities,
  uniqueWriters, groupResultKeys, keysNotInContext, externalKeys, exportedKeys, fittingReducers, knownKeys, knownAfterTasks, noSelfDependencies, noCycles,
  compensations,
];

/** Those among them that ask for the values of the context, not only for its keys. */
const CONTEXT_RULES: readonly ((input: ContextInput) => Problem[])[] = [contextWithinLimits, contextIsObject, noForbiddenContextKeys, fittingInitialValues];

/**
 * All problems, in the order of the rules; empty when the workflow can be submitted.
 * `context` undefined means that it is not known yet: then nothing is said about keys that it may hold.
 */
export function validateWorkflow(definition: WorkflowDefinition, context: JsonValue | undefined, handlers: KnownHandlers): Problem[] {
  const misshapen = shapeProblems(definition, context);
  return misshapen.length > 0 ? misshapen : problemsOf(ruleInput(definition, context, handlers));
}

/** The problems of another context that has the same keys as one with which the definition was found to have no problem. */
export function contextProblems(definition: WorkflowDefinition, context: JsonValue): Problem[] {
  const tooDeep = depthProblems("context", context, "context");
  return tooDeep.length > 0 ? tooDeep : CONTEXT_RULES.flatMap((rule) => rule({ definition, context }));
}

/** The same over facts that the caller already has; its shape must have no problem. */
export function problemsOf(input: RuleInput): Problem[] {
  return RULES.flatMap((rule) => rule(input));
}

/** What would exhaust the stack or the memory of everything else, and so is asked before anything else. */
export function shapeProblems(definition: WorkflowDefinition, context: JsonValue | undefined): Problem[] {
  const problems = [...depthProblems("definition", definition, "groups"), ...depthProblems("context", context, "context")];
  // Asked only of JSON that is not too deep to walk.
  const groupEdges = problems.length > 0 ? 0 : declaredGroups(definition).reduce((total, { group }) => total + group.dependencies.length * taskCount(group), 0);
  if (groupEdges > MAX_GROUP_EDGES) {
    problems.push(problem("LIMIT_EXCEEDED", `Dependencies of groups times their tasks make ${groupEdges} edges; the limit is ${MAX_GROUP_EDGES}`, "groups",
      "Let one task read those keys, and the group wait for what it writes."));
  }
  return problems.length > 0 ? problems : reducerEdgeProblems(definition);
}

function depthProblems(what: string, value: unknown, path: string): Problem[] {
  if (!isDeeperThan(value, MAX_JSON_DEPTH)) return [];
  return [problem("LIMIT_EXCEEDED", `The ${what} nests lists and objects more than ${MAX_JSON_DEPTH} levels deep`, path, "Make it flatter.")];
}

function taskCount(group: TaskGroupDefinition): number {
  return (group.groups ?? []).reduce((total, nested) => total + taskCount(nested), group.tasks.length);
}
