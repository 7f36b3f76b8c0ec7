/** The fields of a group that need reads of their own, made only when they are selected. */

import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import type { GroupState, Page } from "../../engine/snapshot.js";
import type { ApiContext } from "../context.js";
import { emptyPage, PAGE_SIZE_DESCRIPTION, pageSize, toConnection } from "../paging.js";
import { presentGroup } from "../present.js";
import { TaskGroupConnection } from "../types/connections.js";
import { TaskGroup } from "../types/TaskGroup.js";

@Resolver(() => TaskGroup)
export class GroupFields {
  @FieldResolver(() => [TaskGroup], {
    description: "The groups nested in it; of a group that is expanded as a whole its first 100 instances, see `instances` for all.",
  })
  async groups(@Root() { state, workflowId }: TaskGroup, @Ctx() context: ApiContext): Promise<TaskGroup[]> {
    const groups = state.expanded ? (await page(context, workflowId, state, pageSize(undefined, "first"))).edges.map(({ node }) => node) : state.groups;
    return groups.map((nested) => presentGroup(workflowId, nested));
  }

  @FieldResolver(() => TaskGroupConnection, { description: "The instances of a group that is expanded as a whole, in item order; none for other groups." })
  async instances(
    @Root() { state, workflowId }: TaskGroup,
    @Ctx() context: ApiContext,
    @Arg("first", () => Int, { nullable: true, description: PAGE_SIZE_DESCRIPTION }) first?: number | null,
    @Arg("after", () => String, { nullable: true, description: "Continue behind this cursor." }) after?: string | null,
  ): Promise<TaskGroupConnection> {
    return toConnection(await page(context, workflowId, state, pageSize(first, "first"), after ?? undefined), (instance) => presentGroup(workflowId, instance));
  }
}

async function page({ engine, reads }: ApiContext, workflowId: string, group: GroupState, first: number, after?: string): Promise<Page<GroupState>> {
  const detail = await reads.detail(workflowId);
  return detail ? engine.instances(detail, group, { first, after }) : emptyPage();
}
