/** Where the result of a completed task is found. */

import type { JsonValue } from "../workflow/json.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { ContextReader } from "./ContextReader.js";
import { nodeKey, type InstancePath } from "./nodeKey.js";
import { placeOf } from "./Place.js";
import type { WorkflowReader } from "./ports.js";

/** A completed task's result: kept beside the context when it is not what its one key holds. */
export async function resultOf(
  reader: WorkflowReader, contexts: ContextReader, plan: Plan, node: PlanNode, at: { workflowId: string; path?: InstancePath },
): Promise<JsonValue | undefined> {
  const text = await reader.resultText(at.workflowId, nodeKey(node.index, at.path));
  if (text !== undefined) return JSON.parse(text) as JsonValue;
  const key = node.keys[0];
  if (key === undefined) return undefined;
  const place = placeOf(plan, node, at);
  if (place.scope.reduced.has(key)) return node.expansion ? contexts.outputOf(place, node) : undefined;
  return contexts.written(place, key);
}
