/** What a compensation works with: the result that it undoes, the workflow's error, and, of an expanded task, the items that completed. */

import type { JsonObject, JsonValue } from "../workflow/json.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { ContextReader } from "./ContextReader.js";
import { nodeKey, type InstancePath } from "./nodeKey.js";
import { placeOf } from "./Place.js";
import type { ItemRow, WorkflowReader } from "./ports.js";
import { resultOf } from "./taskResult.js";
import { readableKeys, TaskScope } from "./TaskScope.js";

const ITEMS_PER_READ = 1_000;
/** Results that are to be read and lie no further apart are read together. */
const NEIGHBOURS = 100;

/** The context, `$error`, and of a task that is not expanded `$result`. */
export async function compensationScope(
  { reader, contexts }: { reader: WorkflowReader; contexts: ContextReader }, at: { workflowId: string; path?: InstancePath; attempt: number }, plan: Plan, node: PlanNode,
): Promise<TaskScope> {
  const { workflowId, attempt } = at;
  const undone = plan.nodes[node.compensates as number] as PlanNode;
  const values = await contexts.load(placeOf(plan, node, at), readableKeys(node));
  const error = (await reader.snapshot(workflowId))?.error;
  const result = undone.expansion ? undefined : ((await resultOf(reader, contexts, plan, undone, at)) ?? null);
  return new TaskScope(values, node, {
    workflowId, attempt, workflowName: plan.definition.name, ...(error === undefined ? {} : { error }), ...(result === undefined ? {} : { result }),
  });
}

/** The completed items of the task that is undone, the last first. `origin`: their position among the task's items. */
export async function itemsToUndo(reader: WorkflowReader, { workflowId, path }: { workflowId: string; path?: InstancePath }, node: PlanNode): Promise<{ identifier: string; variables: JsonObject; origin: number }[]> {
  const items: { identifier: string; variables: JsonObject; origin: number }[] = [];
  const undone = nodeKey(node.compensates as number, path);
  for (let from = 0; ; from += ITEMS_PER_READ) {
    const rows = await reader.itemPage(workflowId, undone, from, ITEMS_PER_READ);
    for (const { identifier, variables, status, index } of rows) if (status === "COMPLETED") items.push({ identifier, variables, origin: index });
    if (rows.length < ITEMS_PER_READ) return items.reverse();
  }
}

/** Results of items of the task that is undone, by their position. */
export async function resultsToUndo(reader: WorkflowReader, { workflowId, path }: { workflowId: string; path?: InstancePath }, node: PlanNode, origins: readonly number[]): Promise<ReadonlyMap<number, JsonValue>> {
  const wanted = [...origins].sort((a, b) => a - b);
  const results = new Map<number, JsonValue>();
  for (let i = 0; i < wanted.length;) {
    const first = wanted[i] as number;
    let end = i + 1;
    while (end < wanted.length && (wanted[end] as number) - (wanted[end - 1] as number) <= NEIGHBOURS) end++;
    const rows: ItemRow[] = await reader.itemPage(workflowId, nodeKey(node.compensates as number, path), first, (wanted[end - 1] as number) - first + 1);
    for (const { index, result } of rows) if (result !== undefined) results.set(index, JSON.parse(result) as JsonValue);
    i = end;
  }
  return results;
}
