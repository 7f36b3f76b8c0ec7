/** Lists workflows by pages, newest first: Query.workflows. */

import { Arg, Ctx, Int, Query, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { WorkflowFilter } from "../inputs/WorkflowFilter.js";
import { PAGE_SIZE_DESCRIPTION, toConnection, toPageRequest } from "../paging.js";
import { presentWorkflow, toWorkflowQuery } from "../present.js";
import { WorkflowConnection } from "../types/connections.js";

@Resolver()
export class WorkflowsQuery {
  @Query(() => WorkflowConnection, { description: "Workflows, the newest first, by pages." })
  async workflows(
    @Ctx() { engine, caller }: ApiContext,
    @Arg("filter", () => WorkflowFilter, { nullable: true, description: "Which; by default all." }) filter?: WorkflowFilter | null,
    @Arg("first", () => Int, { nullable: true, description: `From the front. ${PAGE_SIZE_DESCRIPTION} Not together with last.` }) first?: number | null,
    @Arg("after", () => String, { nullable: true, description: "Only those behind this cursor." }) after?: string | null,
    @Arg("last", () => Int, { nullable: true, description: `From the back. ${PAGE_SIZE_DESCRIPTION} Not together with first.` }) last?: number | null,
    @Arg("before", () => String, { nullable: true, description: "Only those in front of this cursor." }) before?: string | null,
  ): Promise<WorkflowConnection> {
    const page = await engine.workflows(caller, toWorkflowQuery(filter), toPageRequest({ first, after, last, before }));
    return toConnection(page, presentWorkflow);
  }
}
