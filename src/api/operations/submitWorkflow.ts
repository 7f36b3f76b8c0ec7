/** Takes a workflow, or says every problem it has: Mutation.submitWorkflow. */

import { Arg, Ctx, Info, Mutation, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { ApiContext } from "../context.js";
import { SubmitWorkflowInput } from "../inputs/SubmitWorkflowInput.js";
import { toOptionalJson, toWorkflowDefinition } from "../present.js";
import { readWorkflow } from "../readWorkflow.js";
import { SubmitWorkflowPayload } from "../types/payloads.js";

@Resolver()
export class SubmitWorkflowMutation {
  @Mutation(() => SubmitWorkflowPayload, {
    description: "Starts a workflow. Either all of it is accepted, and survives a crash of anything, or nothing is stored and the problems say why.",
  })
  async submitWorkflow(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("input", () => SubmitWorkflowInput, { description: "What to run, on what." }) input: SubmitWorkflowInput,
  ): Promise<SubmitWorkflowPayload> {
    const { workflowId, duplicate, problems } = await engine.submitWorkflow(caller, {
      definition: input.definition ? toWorkflowDefinition(input.definition) : undefined,
      definitionName: input.definitionName ?? undefined,
      definitionVersion: input.definitionVersion ?? undefined,
      context: toOptionalJson(input.context),
      sessionId: input.sessionId ?? undefined,
      idempotencyKey: input.idempotencyKey ?? undefined,
      labels: toOptionalJson(input.labels),
      priority: input.priority ?? undefined,
    });
    if (workflowId === undefined) return { duplicate, problems };
    reads.forget(workflowId);
    return { workflow: (await readWorkflow(reads, workflowId, info, "workflow")) ?? undefined, duplicate, problems };
  }
}
