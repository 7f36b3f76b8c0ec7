/** Finds one workflow by its id: Query.workflow. */

import { Arg, Ctx, ID, Info, Query, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { ApiContext } from "../context.js";
import { readWorkflow } from "../readWorkflow.js";
import { Workflow } from "../types/Workflow.js";

@Resolver()
export class WorkflowQuery {
  @Query(() => Workflow, { nullable: true, description: "One workflow; null when there is none of that id." })
  workflow(
    @Ctx() { reads }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("id", () => ID, { description: "The workflow's id." }) id: string,
  ): Promise<Workflow | null> {
    return readWorkflow(reads, id, info, "");
  }
}
