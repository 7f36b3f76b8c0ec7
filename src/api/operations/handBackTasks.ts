/** Gives a worker's claims back: Mutation.handBackTasks. */

import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { HandBackTasksInput } from "../inputs/HandBackTasksInput.js";
import { HandBackTasksPayload } from "../types/workerPayloads.js";

@Resolver()
export class HandBackTasksMutation {
  @Mutation(() => HandBackTasksPayload, {
    description: "Gives tasks back, for a worker that stops: other workers can take them at once, for the same attempt. Claims that are no longer the worker's stay as they are.",
  })
  handBackTasks(
    @Ctx() { workers, caller }: ApiContext,
    @Arg("input", () => HandBackTasksInput, { description: "Which claims." }) { claims }: HandBackTasksInput,
  ): Promise<HandBackTasksPayload> {
    return workers.handBackTasks(caller, claims);
  }
}
