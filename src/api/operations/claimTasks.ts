/** Gives tasks to a worker: Mutation.claimTasks. */

import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { ClaimTasksInput } from "../inputs/ClaimTasksInput.js";
import { presentClaimedTask, toClaimRequest } from "../presentWorkers.js";
import { ClaimTasksPayload } from "../types/workerPayloads.js";

@Resolver()
export class ClaimTasksMutation {
  @Mutation(() => ClaimTasksPayload, {
    description: "Takes tasks to run. Each is the worker's until its lease ends; it completes it, fails it, or sends a heartbeat before that.",
  })
  async claimTasks(
    @Ctx() { workers, caller, signal }: ApiContext,
    @Arg("input", () => ClaimTasksInput, { description: "For whom, and how many." }) input: ClaimTasksInput,
  ): Promise<ClaimTasksPayload> {
    const { tasks, problems } = await workers.claimTasks(caller, toClaimRequest(input), signal);
    return { tasks: tasks.map(presentClaimedTask), problems };
  }
}
