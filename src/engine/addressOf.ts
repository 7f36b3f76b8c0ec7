/** The address of a task as people write it, with the identifiers of the instances that it stands in. */

import { addressIn } from "../workflow/addresses.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { InstancePath } from "./nodeKey.js";
import type { WorkflowReader } from "./ports.js";

export async function addressOf(reader: Pick<WorkflowReader, "instanceItem">, plan: Plan, node: PlanNode, at: { workflowId: string; path?: InstancePath }): Promise<string> {
  if (!at.path) return node.address;
  const steps = at.path.split(".");
  const identifiers = await Promise.all(steps.flatMap((step, i) => (i % 2 === 1
    ? [reader.instanceItem(at.workflowId, steps.slice(0, i + 1).join(".")).then((item) => item?.identifier ?? step)] : [])));
  return addressIn(plan, node.address, at.path, identifiers);
}
