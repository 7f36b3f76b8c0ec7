/** The reference: runs a workflow's definition in its head, one task after the other, and tells what any engine must come to. */

import type { Handler } from "../../src/engine/handlers.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject } from "../../src/workflow/json.js";
import type { Answers } from "./answers.js";
import { declareWorkflow } from "./declared.js";
import { ModelScope, type Run } from "./ModelScope.js";
import type { ModelLimits, ModelOutcome } from "./outcome.js";
import { Children } from "./runChild.js";
import { runScope } from "./runScope.js";
import { copy } from "./runTask.js";

export * from "./outcome.js";

/** @param children what its tasks may have run @param answers of the tasks that wait for them; none of what they run does @throws TooMuch */
export async function runModel(
  definition: WorkflowDefinition, context: JsonObject, handlers: ReadonlyMap<string, Handler>, limits: ModelLimits, children = new Children([]), answers: Answers = {},
): Promise<ModelOutcome> {
  const reducers = new Map((definition.reducers ?? []).map(({ key, reducer }) => [key, reducer]));
  const runChild: Run["runChild"] = (asked, by) => children.run(asked, by, (inner, given) => runModel(inner, given, handlers, limits, children));
  const scope = new ModelScope(declareWorkflow(definition), { definition, handlers, limits, reducers, runChild, answers, instances: 0 }, copy(context));
  const nodes = await runScope(scope);
  const isFailed = [...nodes.tasks, ...nodes.groups].some(({ failsWorkflow }) => failsWorkflow);
  return { ...nodes, status: isFailed ? "FAILED" : "COMPLETED", context: scope.values, reducedOver: (key, completed) => scope.reduced(key, completed) };
}
