/** What lanes are called: `handler`, then `@queue` unless it is the default one, `#priority` of the task and `!priority` of the workflow unless 0. */

import { DEFAULT_QUEUE } from "../workflow/queueName.js";

export interface LaneParts {
  /** A handler's name, or the plan's lane (and those of expanders), which begin with `$`. */
  base: string;
  queue: string;
  workflowPriority: number;
  taskPriority: number;
}

const NAME = /^([^@#!~]+)(?:@([^@#!~]+))?(?:#(-?\d+))?(?:!(-?\d+))?$/;

export function laneName(base: string, queue = DEFAULT_QUEUE, taskPriority = 0): string {
  return `${base}${queue === DEFAULT_QUEUE ? "" : `@${queue}`}${taskPriority === 0 ? "" : `#${taskPriority}`}`;
}

/** @returns undefined for what is no lane's name */
export function readLaneName(name: string): LaneParts | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [, base, queue = DEFAULT_QUEUE, task = "0", workflow = "0"] = match as unknown as [string, string, string?, string?, string?];
  return { base, queue, taskPriority: Number(task), workflowPriority: Number(workflow) };
}

/** A lane with its timeout (`name~timeoutMs`), of a workflow with this priority; scripts do the same with the lanes they are given. */
export function prioritised(lane: string, workflowPriority: number): string {
  return workflowPriority === 0 ? lane : lane.replace("~", `!${workflowPriority}~`);
}

/** Lanes that are served first come first. Larger goes first: the workflow's priority counts before the task's. */
export function byPriority(a: LaneParts, b: LaneParts): number {
  return b.workflowPriority - a.workflowPriority || b.taskPriority - a.taskPriority;
}

export function hasPriority({ workflowPriority, taskPriority }: LaneParts): boolean {
  return workflowPriority !== 0 || taskPriority !== 0;
}
