/** What a remote worker asks for, checked and brought within bounds. */

import { problem, type Problem } from "../../errors.js";
import type { ClaimTasksInput } from "../../engine/WorkerProtocol.js";
import { isHandlerName } from "../../workflow/handlerName.js";
import { DEFAULT_QUEUE } from "../../workflow/queueName.js";
import { queueProblems } from "../../workflow/rules/queuesAndPriorities.js";

export const MAX_CLAIMS = 100;
export const MAX_WAIT_MS = 60_000;
export const MIN_LEASE_MS = 1_000;
export const MAX_LEASE_MS = 3_600_000;
const MAX_HANDLERS = 1_000;
const MAX_QUEUES = 100;
/** Each pair of a handler and a queue is a lane that a claim looks into. */
const MAX_LANES = 2_000;

/** Worker ids are part of keys and of records that scripts read. */
const WORKER_ID = /^\w[\w.:-]{0,127}$/;

export interface ClaimWish {
  worker: string;
  handlers: readonly string[];
  queues: readonly string[];
  max: number;
  waitMs: number;
  leaseMs: number;
}

export function claimWish(input: ClaimTasksInput): ClaimWish {
  return {
    worker: input.workerId,
    handlers: [...new Set(input.handlers)],
    queues: [...new Set(input.queues ?? [DEFAULT_QUEUE])],
    max: Math.min(input.max, MAX_CLAIMS),
    waitMs: Math.min(input.waitMs, MAX_WAIT_MS),
    leaseMs: clampLease(input.leaseMs),
  };
}

export function clampLease(ms: number): number {
  return Math.min(MAX_LEASE_MS, Math.max(MIN_LEASE_MS, ms));
}

export function claimProblems({ workerId, handlers, queues, max }: ClaimTasksInput): Problem[] {
  const problems = workerIdProblems(workerId);
  if (handlers.length === 0) problems.push(problem("REQUIRED", "A worker names at least one handler", "handlers"));
  else if (handlers.length > MAX_HANDLERS) problems.push(problem("LIMIT_EXCEEDED", `A worker names at most ${MAX_HANDLERS} handlers`, "handlers"));
  handlers.forEach((name, i) => {
    if (!isHandlerName(name)) problems.push(problem("INVALID_VALUE", `${JSON.stringify(name.slice(0, 60))} is no name for a handler`, `handlers[${i}]`));
  });
  if (max < 1) problems.push(problem("INVALID_VALUE", "max is at least 1", "max"));
  if (queues?.length === 0) problems.push(problem("REQUIRED", "A worker serves at least one queue", "queues", `Leave it out to serve ${DEFAULT_QUEUE}.`));
  else if (queues && queues.length > MAX_QUEUES) problems.push(problem("LIMIT_EXCEEDED", `A worker names at most ${MAX_QUEUES} queues`, "queues"));
  else if (queues && queues.length * handlers.length > MAX_LANES) problems.push(problem("LIMIT_EXCEEDED", `Handlers times queues are at most ${MAX_LANES}`, "queues"));
  queues?.forEach((name, i) => problems.push(...queueProblems(name, `queues[${i}]`)));
  return problems;
}

export function workerIdProblems(workerId: string): Problem[] {
  if (WORKER_ID.test(workerId)) return [];
  return [problem("INVALID_VALUE", "A worker's id has 1 to 128 letters, digits and _ . : -, and does not begin with . : or -", "workerId")];
}
