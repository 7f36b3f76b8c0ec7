/** Where in a workflow something runs: in its own scope, or in that of an instance of an expanded group. */

import type { Plan, PlanNode, PlanScope } from "../workflow/plan.js";
import { instancePath, splitPath, type InstancePath } from "./nodeKey.js";

export interface Place {
  readonly workflowId: string;
  readonly plan: Plan;
  readonly scope: PlanScope;
  /** Empty: the workflow's own scope. */
  readonly path: InstancePath;
}

export function rootPlace(workflowId: string, plan: Plan): Place {
  return { workflowId, plan, scope: plan.root, path: "" };
}

/** Where a task, or an expanded group, stands. */
export function placeOf(plan: Plan, node: Pick<PlanNode, "scope">, { workflowId, path }: { workflowId: string; path?: InstancePath }): Place {
  return { workflowId, plan, scope: plan.scopes.get(node.scope) as PlanScope, path: path ?? "" };
}

/** An instance of a group that stands in this place. */
export function instanceOf({ workflowId, plan, path }: Place, group: PlanNode, index: number): Place {
  return { workflowId, plan, scope: plan.scopes.get(group.index) as PlanScope, path: instancePath(path, group.index, index) };
}

/** The place around an instance. */
export function around({ workflowId, plan, scope, path }: Place): Place {
  return { workflowId, plan, scope: scope.parent ?? scope, path: splitPath(path).parent };
}
