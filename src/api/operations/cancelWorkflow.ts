/** Ends a workflow at once: Mutation.cancelWorkflow. */

import { Arg, Ctx, ID, Info, Mutation, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { ApiContext } from "../context.js";
import { readWorkflow } from "../readWorkflow.js";
import { WorkflowPayload } from "../types/payloads.js";

@Resolver()
export class CancelWorkflowMutation {
  @Mutation(() => WorkflowPayload, {
    description: "Stops a workflow: nothing new starts, running attempts are told, results that come later are dropped. What it has so far stays readable.",
  })
  async cancelWorkflow(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("id", () => ID, { description: "The workflow's id." }) id: string,
    @Arg("reason", () => String, { nullable: true, description: "Kept in the workflow's error, for people." }) reason?: string | null,
  ): Promise<WorkflowPayload> {
    const { problems } = await engine.cancelWorkflow(caller, id, reason ?? undefined);
    reads.forget(id);
    return { workflow: (await readWorkflow(reads, id, info, "workflow")) ?? undefined, problems };
  }
}
