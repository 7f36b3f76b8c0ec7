/** Sub-workflows as the fields of their parents, and their own, tell of them. */

import { readChild, type ParentLink } from "../engine/children.js";
import { readNodeKey } from "../engine/nodeKey.js";
import type { TaskState } from "../engine/snapshot.js";

/** @param text `<workflow> <task> <unit> <attempt>` @param task address of the task, with the item */
export function parentLink(text: string, task: string): ParentLink {
  const [workflowId, node, unit, attempt] = text.split(" ") as [string, string, string, string];
  return { workflowId, ...readNodeKey(node), unit, attempt: Number(attempt), task };
}

/** Puts into tasks of one scope, whose fields come without its path, which sub-workflow they started, and into waitingFor who waits for one: tasks, and expanded tasks some of whose items do. */
export function addChildren(tasks: readonly TaskState[], fields: Readonly<Record<string, string>>): void {
  const items = new Map<string, number>();
  for (const [field, text] of Object.entries(fields)) {
    const match = text.startsWith("&") ? /^y([^:]+):/.exec(field) : null;
    if (match) items.set(match[1] as string, (items.get(match[1] as string) ?? 0) + 1);
  }
  for (const task of tasks) {
    const k = String(task.node.index);
    const childId = fields[`w${k}`];
    if (childId !== undefined) task.childId = childId;
    const wait = readChild(fields[`y${k}`]);
    const count = items.get(k);
    if (wait && task.status === "WAITING") task.waitingFor = [{ kind: "WORKFLOW", key: wait.childId, message: `runs as the workflow ${wait.childId}` }];
    else if (count && task.status === "RUNNING") task.waitingFor = [{ kind: "WORKFLOW", message: `${count} of its items ${count === 1 ? "runs as a workflow" : "run as workflows"}` }];
  }
}
