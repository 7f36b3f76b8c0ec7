/** The fields of a workflow that need reads of their own, made only when they are selected. */

import { Arg, Ctx, FieldResolver, Info, Int, Resolver, Root } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import { FanwireError } from "../../errors.js";
import type { WorkflowDetail } from "../../engine/snapshot.js";
import type { EventType } from "../../workflow/events.js";
import type { JsonObject } from "../../workflow/json.js";
import type { TaskStatus } from "../../workflow/status.js";
import type { ApiContext } from "../context.js";
import { PAGE_SIZE_DESCRIPTION, pageInfo, pageSize, toConnection } from "../paging.js";
import { presentDefinition } from "../presentDefinition.js";
import { presentEvent, presentGroup, presentTask } from "../present.js";
import { readWorkflow } from "../readWorkflow.js";
import { CursorScalar, JSONScalar } from "../scalars.js";
import { selects } from "../selection.js";
import { EventConnection, TaskConnection } from "../types/connections.js";
import { EventTypeEnum, TaskStatusEnum } from "../types/enums.js";
import { Task } from "../types/Task.js";
import { TaskGroup } from "../types/TaskGroup.js";
import { Workflow } from "../types/Workflow.js";
import { WorkflowDefinition } from "../types/WorkflowDefinition.js";

@Resolver(() => Workflow)
export class WorkflowFields {
  @FieldResolver(() => JSONScalar, {
    description: "The shared context: an object, readable while the workflow runs and after it failed.",
  })
  context(
    @Root() workflow: Workflow,
    @Ctx() { engine }: ApiContext,
    @Arg("keys", () => [String], { nullable: true, description: "Only these keys, as far as they have values; by default all." }) keys?: string[] | null,
  ): Promise<JsonObject> {
    return engine.context(workflow.id, keys ?? undefined);
  }

  @FieldResolver(() => WorkflowDefinition, { description: "What it runs, as it was at the submission: versions registered later change nothing." })
  async definition(@Root() workflow: Workflow, @Ctx() { reads }: ApiContext): Promise<WorkflowDefinition> {
    const snapshot = await reads.snapshot(workflow.id);
    if (!snapshot) throw gone(workflow.id);
    return presentDefinition({
      definition: snapshot.plan.definition, hash: snapshot.plan.hash, version: snapshot.definitionVersion, registeredMs: snapshot.definitionRegisteredMs,
    });
  }

  @FieldResolver(() => [TaskGroup], { description: "Its groups, in the order of the definition." })
  async groups(@Root() workflow: Workflow, @Ctx() context: ApiContext): Promise<TaskGroup[]> {
    const { groups } = await readDetail(context, workflow.id);
    return groups.map((group) => presentGroup(workflow.id, group));
  }

  @FieldResolver(() => Task, { nullable: true, description: "One task by its address; null when there is none." })
  async task(
    @Root() workflow: Workflow,
    @Ctx() context: ApiContext,
    @Arg("name", () => String, { description: "Its address: group.task; in an instance of an expanded group enrich[3].score." }) name: string,
  ): Promise<Task | null> {
    const found = await context.engine.task(await readDetail(context, workflow.id), name);
    return found ? presentTask(found) : null;
  }

  @FieldResolver(() => TaskConnection, { description: "Its tasks, in the order of the definition, those of instances of expanded groups among them." })
  async tasks(
    @Root() workflow: Workflow,
    @Ctx() context: ApiContext,
    @Arg("status", () => [TaskStatusEnum], { nullable: true, description: "Only tasks in one of these statuses." }) status?: TaskStatus[] | null,
    @Arg("first", () => Int, { nullable: true, description: PAGE_SIZE_DESCRIPTION }) first?: number | null,
    @Arg("after", () => String, { nullable: true, description: "Continue behind this cursor." }) after?: string | null,
  ): Promise<TaskConnection> {
    const detail = await readDetail(context, workflow.id);
    const page = await context.engine.tasks(detail, { status: status ?? undefined }, { first: pageSize(first, "first"), after: after ?? undefined });
    return toConnection(page, presentTask);
  }

  @FieldResolver(() => Workflow, { nullable: true, description: "The workflow that this one runs once more (rerunWorkflow); null when it is none, or when that is gone." })
  rerunOf(@Root() workflow: Workflow, @Ctx() { reads }: ApiContext, @Info() info: GraphQLResolveInfo): Promise<Workflow | null> | null {
    return workflow.rerunOfId === undefined ? null : readWorkflow(reads, workflow.rerunOfId, info, "");
  }

  @FieldResolver(() => Workflow, { nullable: true, description: "The workflow one of whose tasks it runs for (handler `workflow`); null when there is none, or when that is gone." })
  parent(@Root() workflow: Workflow, @Ctx() { reads }: ApiContext, @Info() info: GraphQLResolveInfo): Promise<Workflow | null> | null {
    return workflow.parentId === undefined ? null : readWorkflow(reads, workflow.parentId, info, "");
  }

  @FieldResolver(() => EventConnection, { description: "Its event log, the oldest first. To follow it live: the subscription workflowEvents." })
  async events(
    @Root() workflow: Workflow,
    @Ctx() { events }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("after", () => CursorScalar, { nullable: true, description: "Only events behind this one; by default from the beginning." }) after?: string | null,
    @Arg("first", () => Int, { nullable: true, description: PAGE_SIZE_DESCRIPTION }) first?: number | null,
    @Arg("types", () => [EventTypeEnum], { nullable: true, description: "Only events of these types." }) types?: EventType[] | null,
  ): Promise<EventConnection> {
    const page = await events.readEvents(workflow.id, pageSize(first, "first"), {
      after: after ?? undefined,
      types: types ?? undefined,
      withResults: selects(info, ["nodes", "edges.node"], ["result"]),
    });
    const edges = page.events.map((event) => ({ cursor: event.cursor, node: presentEvent(event) }));
    return { edges, nodes: edges.map(({ node }) => node), pageInfo: pageInfo(edges, page.hasMore, typeof after === "string") };
  }
}

/** @throws FanwireError NOT_FOUND when the workflow's retention ended between the read of its header and this one. */
async function readDetail(context: ApiContext, workflowId: string): Promise<WorkflowDetail> {
  const detail = await context.reads.detail(workflowId);
  if (!detail) throw gone(workflowId);
  return detail;
}

function gone(workflowId: string): FanwireError {
  return new FanwireError("NOT_FOUND", `There is no workflow ${workflowId} any more.`);
}
