/** Pages through the items of an expanded task at the cost of the page, not of the task. */

import { FanwireError } from "../errors.js";
import type { JsonValue } from "../workflow/json.js";
import type { TaskStatus } from "../workflow/status.js";
import { nodeKey } from "./nodeKey.js";
import type { ItemRow, WorkflowReader } from "./ports.js";
import type { ItemState, Page, PageRequest, TaskState } from "./snapshot.js";

export async function pageOfItems(reader: WorkflowReader, task: TaskState, filter: { status?: TaskStatus[] }, page: PageRequest): Promise<Page<ItemState>> {
  const { workflowId } = task;
  const node = nodeKey(task.node.index, task.path);
  const after = page.after === undefined ? -1 : readPosition(page.after);
  const first = page.first ?? 100;
  const { total } = task.itemCounts ?? (await reader.itemEnds(workflowId, node));
  if (!filter.status) {
    const rows = await reader.itemPage(workflowId, node, after + 1, first);
    return pageOf(rows, after + 1 + rows.length < total, after >= 0, total);
  }
  return filteredPage(reader, task, filter.status, after, first, total);
}

/** Reads on, page by page, until enough items match; how many match in all is told from the statuses alone. */
async function filteredPage(reader: WorkflowReader, task: TaskState, wanted: TaskStatus[], after: number, first: number, total: number): Promise<Page<ItemState>> {
  const { workflowId } = task;
  const node = nodeKey(task.node.index, task.path);
  const found: ItemRow[] = [];
  for (let from = after + 1; from < total && found.length <= first; from += 1000) {
    const rows = await reader.itemPage(workflowId, node, from, 1000);
    found.push(...rows.filter((row) => wanted.includes(row.status)));
  }
  const statuses = await reader.itemStatuses(workflowId, node);
  const matching = statuses.filter((status) => wanted.includes(status)).length;
  return pageOf(found.slice(0, first), found.length > first, after >= 0, matching);
}

function pageOf(rows: readonly ItemRow[], hasNextPage: boolean, hasPreviousPage: boolean, totalCount: number): Page<ItemState> {
  return { edges: rows.map((row) => ({ cursor: positionOf(row.index), node: itemOf(row) })), hasNextPage, hasPreviousPage, totalCount };
}

function itemOf({ result, ...row }: ItemRow): ItemState {
  return { ...row, ...(result === undefined ? {} : { result: JSON.parse(result) as JsonValue }) };
}

function positionOf(index: number): string {
  return Buffer.from(`i${index}`).toString("base64url");
}

/** @throws FanwireError CURSOR_INVALID */
function readPosition(cursor: string): number {
  const match = /^i(\d{1,7})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (!match) throw new FanwireError("CURSOR_INVALID", "The page cursor is not one of this server's", { retryable: false });
  return Number(match[1]);
}
