/** Query.node: a workflow, a group, a task or a session by its id alone. */

import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { isWorkflowNode } from "../../engine/session.js";
import type { ApiContext } from "../context.js";
import { presentGroup, presentSession, presentTask, presentWorkflow } from "../present.js";
import { Node } from "../types/Node.js";

@Resolver()
export class NodeQuery {
  @Query(() => Node, { nullable: true, description: "Anything that has an id: a workflow, a group, a task or a session; null when there is none." })
  async node(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Arg("id", () => ID, { description: "An id that this API gave out." }) id: string,
  ): Promise<Node | null> {
    if (!isWorkflowNode(id)) return (await engine.hasSession(caller, id)) ? presentSession(id) : null;
    const slash = id.indexOf("/");
    if (slash < 0) {
      const snapshot = await reads.snapshot(id);
      return snapshot && presentWorkflow(snapshot);
    }
    return findInside(engine, reads, id.slice(0, slash), id.slice(slash + 1));
  }
}

/** Below a workflow stand its groups and its tasks, each by its address; no task and group have the same. */
async function findInside(engine: ApiContext["engine"], reads: ApiContext["reads"], workflowId: string, name: string): Promise<Node | null> {
  const detail = await reads.detail(workflowId);
  if (!detail) return null;
  const task = await engine.task(detail, name);
  if (task) return presentTask(task);
  const group = await engine.group(detail, name);
  return group ? presentGroup(workflowId, group) : null;
}
