/** The address of a task as people write it, with the identifiers of the instances that it stands in. */

import { addressIn } from "../workflow/addresses.js";
import { isUndoable } from "../workflow/compensations.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { InstancePath } from "./nodeKey.js";
import type { WorkflowReader } from "./ports.js";

export async function addressOf(reader: Pick<WorkflowReader, "instanceItem">, plan: Plan, node: PlanNode, at: { workflowId: string; path?: InstancePath }): Promise<string> {
  return at.path ? addressIn(plan, node.address, at.path, await identifiersOf(reader, plan, at)) : node.address;
}

/** Of the items that the path leads through, from the outside in. */
export async function identifiersOf(reader: Pick<WorkflowReader, "instanceItem">, plan: Plan, at: { workflowId: string; path?: InstancePath }): Promise<string[]> {
  if (!at.path) return [];
  const steps = at.path.split(".");
  return Promise.all(steps.flatMap((step, i) => (i % 2 === 1
    ? [reader.instanceItem(at.workflowId, steps.slice(0, i + 1).join("."), isUndoable(plan)).then((item) => item?.identifier ?? step)] : [])));
}
