/** Between the worker protocol and the domain. */

import type { ClaimTasksInput as ClaimRequest, ClaimedTask as Claimed, TaskOutcome } from "../engine/WorkerProtocol.js";
import type { ApiContext } from "./context.js";
import type { ClaimTasksInput } from "./inputs/ClaimTasksInput.js";
import { presentTask } from "./present.js";
import type { ClaimedTask } from "./types/ClaimedTask.js";
import type { TaskPayload } from "./types/TaskPayload.js";

export function toClaimRequest(input: ClaimTasksInput): ClaimRequest {
  return {
    workerId: input.workerId,
    handlers: input.handlers,
    ...(input.queues ? { queues: input.queues } : {}),
    max: input.max ?? 1,
    waitMs: input.wait ?? 0,
    leaseMs: input.lease ?? 30_000,
  };
}

export function presentClaimedTask({ leaseUntilMs, ...task }: Claimed): ClaimedTask {
  return { ...task, leaseUntil: leaseUntilMs };
}

/** @param wanted whether the client asked for the task */
export async function toTaskPayload({ reads, engine }: Pick<ApiContext, "reads" | "engine">, { workflowId, address, problems }: TaskOutcome, wanted: boolean): Promise<TaskPayload> {
  if (!wanted || workflowId === undefined) return { problems };
  reads.forget(workflowId);
  const detail = await reads.detail(workflowId);
  const task = detail && address !== undefined ? await engine.task(detail, address) : undefined;
  return { ...(task ? { task: presentTask(task) } : {}), problems };
}
