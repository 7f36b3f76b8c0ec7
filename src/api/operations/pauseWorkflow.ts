/** Holds a workflow: Mutation.pauseWorkflow. */

import { Arg, Ctx, ID, Info, Mutation, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { ApiContext } from "../context.js";
import { readWorkflow } from "../readWorkflow.js";
import { WorkflowPayload } from "../types/payloads.js";

@Resolver()
export class PauseWorkflowMutation {
  @Mutation(() => WorkflowPayload, {
    description: "Pauses a workflow: nothing new of it starts, what runs finishes and is recorded, timers and retries that come due wait. One that is paused stays so.",
  })
  async pauseWorkflow(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("id", () => ID, { description: "The workflow's id." }) id: string,
  ): Promise<WorkflowPayload> {
    const { problems } = await engine.pauseWorkflow(caller, id);
    reads.forget(id);
    return { workflow: (await readWorkflow(reads, id, info, "workflow")) ?? undefined, problems };
  }
}
