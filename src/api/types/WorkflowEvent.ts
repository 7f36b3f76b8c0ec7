/** The events of a workflow: an interface and the four kinds of which clients switch by __typename. */

import { Field, ID, Int, InterfaceType, ObjectType } from "type-graphql";
import type { EventType } from "../../workflow/events.js";
import type { JsonValue } from "../../workflow/json.js";
import type { WorkflowStatus } from "../../workflow/status.js";
import { CursorScalar, DateTimeScalar, JSONScalar } from "../scalars.js";
import { EventTypeEnum, WorkflowStatusEnum } from "./enums.js";
import { TaskError } from "./TaskError.js";
import { TaskProgress } from "./TaskProgress.js";

@InterfaceType("WorkflowEvent", { description: "One recorded step of a workflow." })
export abstract class WorkflowEvent {
  @Field(() => CursorScalar, { description: "Give it as `after` to go on behind this event." })
  cursor!: string;

  @Field(() => Int, { description: "1, 2, 3 ... within the workflow, without a hole." })
  seq!: number;

  @Field(() => EventTypeEnum, { description: "What it tells." })
  type!: EventType;

  @Field(() => DateTimeScalar, { description: "When it was recorded, by the store's clock." })
  at!: number;

  @Field(() => ID, { description: "The workflow." })
  workflowId!: string;
}

@ObjectType("WorkflowStatusEvent", { implements: WorkflowEvent, simpleResolvers: true, description: "The workflow's own status changed." })
export class WorkflowStatusEvent extends WorkflowEvent {
  @Field(() => WorkflowStatusEnum, { description: "The status since this event." })
  status!: WorkflowStatus;

  @Field(() => TaskError, { nullable: true, description: "Why it failed or was cancelled." })
  error?: TaskError;
}

@ObjectType("GroupEvent", { implements: WorkflowEvent, simpleResolvers: true, description: "A group started or ended." })
export class GroupEvent extends WorkflowEvent {
  @Field(() => String, { description: "The group's name." })
  group!: string;
}

@ObjectType("TaskEvent", { implements: WorkflowEvent, simpleResolvers: true, description: "Something happened to a task or to one item of it." })
export class TaskEvent extends WorkflowEvent {
  @Field(() => String, { description: "The task's address: group.task." })
  task!: string;

  @Field(() => String, { nullable: true, description: "The item's identifier, when the event is about one item of an expansion." })
  item?: string;

  @Field(() => Int, { description: "Number of the attempt; 0 before the first." })
  attempt!: number;

  @Field(() => String, { nullable: true, description: "The worker that runs or ran the attempt." })
  worker?: string;

  @Field(() => JSONScalar, { nullable: true, description: "TASK_COMPLETED: the result. Read from the store only when it is selected." })
  result?: JsonValue;

  @Field(() => TaskError, { nullable: true, description: "Why the attempt or the task failed, or was skipped." })
  error?: TaskError;

  @Field(() => TaskProgress, { nullable: true, description: "TASK_PROGRESS: the report." })
  progress?: TaskProgress;

  @Field(() => Int, { nullable: true, description: "TASK_EXPANDED: how many items there are; at most 1,000,000." })
  itemCount?: number;
}

@ObjectType("ContextEvent", { implements: WorkflowEvent, simpleResolvers: true, description: "Keys of the shared context got values." })
export class ContextEvent extends WorkflowEvent {
  @Field(() => [String], { description: "The keys. Their values are read with Workflow.context." })
  keys!: string[];
}
