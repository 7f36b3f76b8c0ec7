/** Keeps a worker's claims: Mutation.heartbeatTasks. */

import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { HeartbeatTasksInput } from "../inputs/HeartbeatTasksInput.js";
import { HeartbeatTasksPayload } from "../types/workerPayloads.js";

@Resolver()
export class HeartbeatTasksMutation {
  @Mutation(() => HeartbeatTasksPayload, { description: "Says that a worker still works on its claims, and tells it which it has lost." })
  heartbeatTasks(
    @Ctx() { workers, caller }: ApiContext,
    @Arg("input", () => HeartbeatTasksInput, { description: "Whose claims, and which." }) { workerId, claims, lease, byHandlers }: HeartbeatTasksInput,
  ): Promise<HeartbeatTasksPayload> {
    return workers.heartbeatTasks(caller, { workerId, claims, byHandlers: byHandlers ?? true, ...(lease == null ? {} : { leaseMs: lease }) });
  }
}
