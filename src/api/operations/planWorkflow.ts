/** Checks a definition without running it: Query.planWorkflow. */

import { Arg, Ctx, Query, Resolver } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import type { ApiContext } from "../context.js";
import { WorkflowDefinitionInput } from "../inputs/WorkflowDefinitionInput.js";
import { toOptionalJson, toWorkflowDefinition } from "../present.js";
import { JSONScalar } from "../scalars.js";
import { WorkflowPlan } from "../types/WorkflowPlan.js";

@Resolver()
export class PlanWorkflowQuery {
  @Query(() => WorkflowPlan, {
    description: "Checks a definition without running it: every problem, the inferred dependency graph, its levels and its size.",
  })
  planWorkflow(
    @Ctx() { engine }: ApiContext,
    @Arg("definition", () => WorkflowDefinitionInput, { description: "The definition to check." }) definition: WorkflowDefinitionInput,
    @Arg("context", () => JSONScalar, { nullable: true, description: "The initial context it would be submitted with; by default empty." }) context?: JsonValue,
  ): Promise<WorkflowPlan> {
    return engine.planWorkflow(toWorkflowDefinition(definition), toOptionalJson(context));
  }
}
