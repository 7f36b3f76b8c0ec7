/**
 * What lanes are called: `handler`, then `@queue` unless it is the default one, `#priority` of the task and `!priority` of the workflow
 * unless 0, and `%flow` unless it is the common one (see flows.ts).
 */

import { DEFAULT_QUEUE } from "../workflow/queueName.js";

export interface LaneParts {
  /** A handler's name, or the plan's lane (and those of expanders), which begin with `$`. */
  base: string;
  queue: string;
  workflowPriority: number;
  taskPriority: number;
  /** Empty: the one that small workflows of the default tenant share. */
  flow: string;
}

const NAME = /^([^@#!%~]+)(?:@([^@#!%~]+))?(?:#(-?\d+))?(?:!(-?\d+))?(?:%([^@#!%~]+))?$/;

export function laneName(base: string, queue = DEFAULT_QUEUE, taskPriority = 0): string {
  return `${base}${queue === DEFAULT_QUEUE ? "" : `@${queue}`}${taskPriority === 0 ? "" : `#${taskPriority}`}`;
}

/** @returns undefined for what is no lane's name */
export function readLaneName(name: string): LaneParts | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [, base, queue = DEFAULT_QUEUE, task = "0", workflow = "0", flow = ""] = match as unknown as [string, string, string?, string?, string?, string?];
  return { base, queue, taskPriority: Number(task), workflowPriority: Number(workflow), flow };
}

/** What a workflow of this priority and flow adds to the names of its lanes. */
export function laneMark(workflowPriority: number, flow: string): string {
  return `${workflowPriority === 0 ? "" : `!${workflowPriority}`}${flow === "" ? "" : `%${flow}`}`;
}

/** A lane with its timeout (`name~timeoutMs`), of a workflow with this mark; scripts do the same with the lanes they are given. */
export function markedLane(lane: string, mark: string): string {
  const at = lane.lastIndexOf("~");
  return mark === "" ? lane : `${lane.slice(0, at)}${mark}${lane.slice(at)}`;
}

/** Lanes that are served first come first. Larger goes first: the workflow's priority counts before the task's. */
export function byPriority(a: Pick<LaneParts, "workflowPriority" | "taskPriority">, b: Pick<LaneParts, "workflowPriority" | "taskPriority">): number {
  return b.workflowPriority - a.workflowPriority || b.taskPriority - a.taskPriority;
}

/** Workers look into a lane of priority 0 and the common flow without being told of it. */
export function isCommon({ workflowPriority, taskPriority, flow }: LaneParts): boolean {
  return workflowPriority === 0 && taskPriority === 0 && flow === "";
}
