/** Finds what an address means: a task, an item of one, or an instance of an expanded group; identifiers become positions. */

import type { Plan, PlanNode } from "../workflow/plan.js";
import { instancePath, nodeKey, type InstancePath, type NodeKey } from "./nodeKey.js";
import type { WorkflowReader } from "./ports.js";

export interface Located {
  /** TASK, or the GROUP whose instance is meant. */
  node: PlanNode;
  /** Of the instance that the task stands in; for an instance its own. Empty: none. */
  path: InstancePath;
  /** Of the item, when the address ends with one. */
  identifier?: string;
}

type ItemSource = Pick<WorkflowReader, "itemPage">;

/** Items looked through in one read for an identifier. */
const ITEMS_PER_READ = 1000;

/**
 * `group.task`, `group.task[item]`, `group[item].task`, `group[item]` and so on.
 * @returns undefined when there is no such task, or no such instance
 */
export async function locate(reader: ItemSource, plan: Plan, workflowId: string, address: string): Promise<Located | undefined> {
  let declared = "";
  let path: InstancePath = "";
  let scope: number | undefined;
  for (let rest = address; ;) {
    const bracket = rest.indexOf("[");
    const node = plan.nodeByAddress.get(declared + (bracket < 0 ? rest : rest.slice(0, bracket)));
    if (!node || node.scope !== scope) return undefined;
    if (bracket < 0) return node.kind === "TASK" ? { node, path } : undefined;
    if (node.kind === "TASK") return rest.endsWith("]") ? { node, path, identifier: rest.slice(bracket + 1, -1) } : undefined;
    const step = await instanceStep(reader, workflowId, node, path, rest.slice(bracket + 1));
    if (!step) return undefined;
    path = instancePath(path, node.index, step.index);
    scope = node.index;
    declared = node.address;
    rest = step.rest;
    if (rest === "") return { node, path };
  }
}

/** An identifier may hold brackets itself, so every place that may be its end is tried. @param text behind the opening bracket */
async function instanceStep(reader: ItemSource, workflowId: string, node: PlanNode, path: InstancePath, text: string): Promise<{ index: number; rest: string } | undefined> {
  for (let end = text.indexOf("]"); end >= 0; end = text.indexOf("]", end + 1)) {
    const rest = text.slice(end + 1);
    if (rest !== "" && !rest.startsWith(".")) continue;
    const index = await itemPosition(reader, workflowId, nodeKey(node.index, path), text.slice(0, end));
    if (index !== undefined) return { index, rest };
  }
  return undefined;
}

/** Position of an item, by identifier; most are their own position. */
export async function itemPosition(reader: ItemSource, workflowId: string, node: NodeKey, identifier: string): Promise<number | undefined> {
  const guess = /^\d{1,7}$/.test(identifier) ? await reader.itemPage(workflowId, node, Number(identifier), 1) : [];
  if (guess[0]?.identifier === identifier) return guess[0].index;
  for (let from = 0; ; from += ITEMS_PER_READ) {
    const rows = await reader.itemPage(workflowId, node, from, ITEMS_PER_READ);
    const found = rows.find((row) => row.identifier === identifier);
    if (found) return found.index;
    if (rows.length < ITEMS_PER_READ) return undefined;
  }
}
