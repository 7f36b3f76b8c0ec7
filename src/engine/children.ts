/** Sub-workflows as the tasks that run them know them: what is asked for, and what such a task keeps while it waits. */

import type { InstancePath } from "./nodeKey.js";
import type { JsonValue } from "../workflow/json.js";

/** Result of a handler that has a sub-workflow run for its task, and gives its worker back meanwhile. */
export class StartChild {
  /** @param version absent: the latest */
  constructor(readonly definitionName: string, readonly version: number | undefined, readonly context: JsonValue | undefined) {}
}

/** The task, or item of a task, that a workflow runs for. */
export interface ParentLink {
  workflowId: string;
  node: number;
  /** The instance of an expanded group that the task stands in. */
  path?: InstancePath;
  /** The item, `-` of a task that is not expanded: the unit that waits for the workflow. */
  unit: string;
  attempt: number;
  /** The task's address, with the item's identifier. */
  task: string;
}

/** What a task waits for. */
export interface ChildWait {
  childId: string;
  /** Epoch ms when the attempt's time is up; absent: never. */
  untilMs?: number;
}

/** Kept where a delay keeps its result; no JSON begins like it. The scripts read the id (lua/include/rare.lua). */
const MARK = "&";

export function childText({ childId, untilMs }: ChildWait): string {
  return `${MARK}${childId} ${untilMs ?? "-"}`;
}

/** @returns undefined for what a delay or a signal left */
export function readChild(text: string | undefined): ChildWait | undefined {
  if (!text?.startsWith(MARK)) return undefined;
  const [childId, until] = text.slice(MARK.length).split(" ") as [string, string];
  return { childId, ...(until === "-" ? {} : { untilMs: Number(until) }) };
}

/** A child ends with a notice; should that be lost, or the child be deleted, its task finds out this much later. */
export const RECHECK_MS = 30_000;

/** How deep workflows run workflows; one that nobody's task runs is at 1. */
export const MAX_CHILD_DEPTH = 16;
