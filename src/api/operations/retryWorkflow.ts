/** Opens an ended workflow again: Mutation.retryWorkflow. */

import { Arg, Ctx, ID, Info, Mutation, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { ApiContext } from "../context.js";
import { readWorkflow } from "../readWorkflow.js";
import { WorkflowPayload } from "../types/payloads.js";

@Resolver()
export class RetryWorkflowMutation {
  @Mutation(() => WorkflowPayload, {
    description: "Runs again, in place, what failed, timed out, was cancelled, or was skipped because of that. What completed stays, items included; " +
      "attempts and seq count on.",
  })
  async retryWorkflow(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("id", () => ID, { description: "The workflow's id." }) id: string,
  ): Promise<WorkflowPayload> {
    const { problems } = await engine.retryWorkflow(caller, id);
    reads.forget(id);
    return { workflow: (await readWorkflow(reads, id, info, "workflow")) ?? undefined, problems };
  }
}
