/** Compensations as a workflow's fields tell of them: which of them there are, and how those that wait are shown. */

import { readNodeKey, type InstancePath } from "../engine/nodeKey.js";
import type { CompensationFields, TaskState, WaitReason } from "../engine/snapshot.js";
import { isUndoable } from "../workflow/compensations.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { Fields } from "./groupStates.js";

const NONE: CompensationFields = { fields: {}, owed: new Set() };

/**
 * Per place what the store has of its compensations, the workflow's own scope under "": fields without the path, and while the
 * workflow compensates those that are owed and have not begun. lua/include/compensate.lua writes them.
 */
export function compensationFields(plan: Plan, fields: Fields): Map<InstancePath, CompensationFields> {
  const found = new Map<InstancePath, { fields: Record<string, string>; owed: Set<number> }>();
  if (!isUndoable(plan)) return found;
  const at = (path: InstancePath): { fields: Record<string, string>; owed: Set<number> } => {
    let here = found.get(path);
    if (!here) found.set(path, (here = { fields: {}, owed: new Set() }));
    return here;
  };
  for (const [field, text] of Object.entries(fields)) {
    const match = /^([a-z]?)(\d+)(?:@([\d.]+))?((?::\S+)?)$/.exec(field);
    if (!match || match[1] === "g" || Number(match[2]) < plan.compensationsFrom) continue;
    at(match[3] ?? "").fields[`${match[1]}${match[2]}${match[4]}`] = text;
  }
  for (let i = 1; fields.vd !== undefined && i <= Number(fields.cmp ?? 0); i++) {
    const { node, path } = readNodeKey((fields[`cmp${i}`] ?? "").split("/", 1)[0] as string);
    at(path ?? "").owed.add(node);
  }
  return found;
}

/** Those of one place that have begun, or are owed. */
export function compensationsIn(plan: Plan, { fields, owed }: CompensationFields = NONE): PlanNode[] {
  return plan.nodes.slice(plan.compensationsFrom).filter(({ index }) => fields[String(index)] !== undefined || owed.has(index));
}

export function compensationWait({ node }: TaskState): WaitReason[] {
  return node.compensates === undefined ? [] : [{ kind: "TASK", message: "waits until what completed later has been undone" }];
}
