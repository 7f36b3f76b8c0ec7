/** The sub-workflows of tasks and items, read only when they are selected. */

import { Ctx, FieldResolver, Info, Resolver, Root } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { ApiContext } from "../context.js";
import { readWorkflow } from "../readWorkflow.js";
import { Task } from "../types/Task.js";
import { TaskItem } from "../types/TaskItem.js";
import { Workflow } from "../types/Workflow.js";

@Resolver(() => Task)
export class TaskChildFields {
  @FieldResolver(() => Workflow, { nullable: true, description: "The sub-workflow that its last attempt started (handler `workflow`); null when there is none, or when that is gone." })
  async childWorkflow(@Root() { state }: Task, @Ctx() { reads }: ApiContext, @Info() info: GraphQLResolveInfo): Promise<Workflow | null> {
    return state.childId === undefined ? null : readWorkflow(reads, state.childId, info, "");
  }
}

@Resolver(() => TaskItem)
export class ItemChildFields {
  @FieldResolver(() => Workflow, { nullable: true, description: "The sub-workflow that its last attempt started (handler `workflow`); null when there is none, or when that is gone." })
  async childWorkflow(@Root() { place, index }: TaskItem, @Ctx() { engine, reads }: ApiContext, @Info() info: GraphQLResolveInfo): Promise<Workflow | null> {
    const id = await engine.childOfItem(place.workflowId, place.node, index);
    return id === undefined ? null : readWorkflow(reads, id, info, "");
  }
}
