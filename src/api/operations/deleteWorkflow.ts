/** Removes an ended workflow: Mutation.deleteWorkflow. */

import { Arg, Ctx, ID, Mutation, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { DeletePayload } from "../types/DeletePayload.js";

@Resolver()
export class DeleteWorkflowMutation {
  @Mutation(() => DeletePayload, {
    description: "Removes an ended workflow with its results, its context and its events at once, instead of when its retention ends. One that has not ended is a problem.",
  })
  async deleteWorkflow(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Arg("id", () => ID, { description: "The workflow's id." }) id: string,
  ): Promise<DeletePayload> {
    const outcome = await engine.deleteWorkflow(caller, id);
    reads.forget(id);
    return outcome;
  }
}
