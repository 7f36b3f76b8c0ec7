/** Sub-workflows as the fields of their parents, and their own, tell of them. */

import type { ParentLink } from "../engine/children.js";
import { readNodeKey } from "../engine/nodeKey.js";
import type { TaskState } from "../engine/snapshot.js";

/** @param text `<workflow> <task> <unit> <attempt>` @param task address of the task, with the item */
export function parentLink(text: string, task: string): ParentLink {
  const [workflowId, node, unit, attempt] = text.split(" ") as [string, string, string, string];
  return { workflowId, ...readNodeKey(node), unit, attempt: Number(attempt), task };
}

/** Puts into tasks of one scope, whose fields come without its path, which sub-workflow they started. */
export function addChildren(tasks: readonly TaskState[], fields: Readonly<Record<string, string>>): void {
  for (const task of tasks) {
    const childId = fields[`w${task.node.index}`];
    if (childId !== undefined) task.childId = childId;
  }
}
