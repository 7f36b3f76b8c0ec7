/** What retryWorkflow makes of the instances that an expanded group had: completed ones stay, of the others what did not complete runs again. */

import type { PlanNode, PlanScope } from "../workflow/plan.js";
import { instancePath, nodeKey } from "./nodeKey.js";
import type { Place } from "./Place.js";
import type { ReopenedInstance, WorkflowReader } from "./ports.js";
import { reopenedIn } from "./retryCommand.js";
import type { WorkflowDetail } from "./snapshot.js";

/**
 * Those that had begun; the others have nothing to keep.
 * @param place where the group stands
 * @param doomed tasks inside that cannot run, given what there is outside
 */
export async function reopenedInstances(reader: WorkflowReader, place: Place, group: PlanNode, doomed: ReadonlyMap<number, number>): Promise<ReopenedInstance[]> {
  const { workflowId, plan, path } = place;
  const detail = await reader.detail(workflowId);
  if (!detail) return [];
  const statuses = await reader.itemStatuses(workflowId, nodeKey(group.index, path));
  const reopened: ReopenedInstance[] = [];
  for (const [index, status] of statuses.entries()) {
    if (status === "COMPLETED") continue;
    const at = instancePath(path, group.index, index);
    const states = await reader.instanceTasks(detail, at);
    const scope = plan.scopes.get(group.index) as PlanScope;
    if (states) reopened.push({ index, ...reopenedIn(detail, scope, states, await writtenOptional(reader, detail, scope, at), doomed) });
  }
  return reopened;
}

/** Optional result keys of its tasks that have values in the instance. */
async function writtenOptional(reader: WorkflowReader, { id }: WorkflowDetail, { nodes }: PlanScope, path: string): Promise<ReadonlySet<string>> {
  const keys = nodes.flatMap((node) => node.optionalKeys);
  const texts = keys.length === 0 ? [] : await reader.instanceTexts(id, keys.map((key) => ({ path, key })));
  return new Set(keys.filter((_, i) => texts[i] !== undefined));
}
