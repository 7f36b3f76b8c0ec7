/** Runs a workflow once more, as a new one: Mutation.rerunWorkflow. */

import { Arg, Ctx, ID, Info, Mutation, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { JsonValue } from "../../workflow/json.js";
import type { ApiContext } from "../context.js";
import { toOptionalJson } from "../present.js";
import { readWorkflow } from "../readWorkflow.js";
import { JSONScalar } from "../scalars.js";
import { WorkflowPayload } from "../types/payloads.js";

@Resolver()
export class RerunWorkflowMutation {
  @Mutation(() => WorkflowPayload, {
    description: "Submits a new workflow with the definition, labels and initial context of this one, linked to it by rerunOf. The payload's workflow is the new one.",
  })
  async rerunWorkflow(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("id", () => ID, { description: "The workflow to run once more; it need not have ended." }) id: string,
    @Arg("context", () => JSONScalar, { nullable: true, description: "An object of keys to add to the initial context, or to replace in it." }) context?: JsonValue,
    @Arg("idempotencyKey", () => String, { nullable: true, description: "The same key with the same context answers the workflow that it first made." }) idempotencyKey?: string | null,
  ): Promise<WorkflowPayload> {
    const { workflowId, problems } = await engine.rerunWorkflow(caller, id, toOptionalJson(context), idempotencyKey ?? undefined);
    if (workflowId === undefined) return { problems };
    return { workflow: (await readWorkflow(reads, workflowId, info, "workflow")) ?? undefined, problems };
  }
}
