/** Lets a paused workflow go on: Mutation.resumeWorkflow. */

import { Arg, Ctx, ID, Info, Mutation, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { ApiContext } from "../context.js";
import { readWorkflow } from "../readWorkflow.js";
import { WorkflowPayload } from "../types/payloads.js";

@Resolver()
export class ResumeWorkflowMutation {
  @Mutation(() => WorkflowPayload, {
    description: "Lets a paused workflow go on where it stood. One that is not paused stays as it is.",
  })
  async resumeWorkflow(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("id", () => ID, { description: "The workflow's id." }) id: string,
  ): Promise<WorkflowPayload> {
    const { problems } = await engine.resumeWorkflow(caller, id);
    reads.forget(id);
    return { workflow: (await readWorkflow(reads, id, info, "workflow")) ?? undefined, problems };
  }
}
