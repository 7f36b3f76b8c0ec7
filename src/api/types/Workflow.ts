/** A workflow as its header tells; workflowFields.ts has what needs further reads. */

import { Field, Float, ObjectType } from "type-graphql";
import type { JsonObject } from "../../workflow/json.js";
import type { WorkflowStatus } from "../../workflow/status.js";
import { DateTimeScalar, JSONScalar } from "../scalars.js";
import { WorkflowStatusEnum } from "./enums.js";
import { Node } from "./Node.js";
import { TaskCounts } from "./TaskCounts.js";
import { TaskError } from "./TaskError.js";

@ObjectType("Workflow", { implements: Node, simpleResolvers: true, description: "One submission: groups of tasks around one shared context." })
export class Workflow extends Node {
  /** Not part of the schema: the id that the field session reads. */
  sessionId!: string;

  /** Not part of the schema: the id that the field rerunOf reads. */
  rerunOfId?: string;

  /** Not part of the schema: the id that the field parent reads. */
  parentId?: string;

  @Field(() => String, { nullable: true, description: "Address of the task, with the item, that it runs for as a sub-workflow; null for other workflows." })
  parentTask?: string;

  @Field(() => String, { description: "The definition's name. Not unique." })
  name!: string;

  @Field(() => WorkflowStatusEnum, { description: "Where it stands." })
  status!: WorkflowStatus;

  @Field(() => JSONScalar, { description: "The labels it was submitted with: an object, by default an empty one." })
  labels!: JsonObject;

  @Field(() => Boolean, { description: "True once it ended without every required task completed." })
  partial!: boolean;

  @Field(() => TaskError, { nullable: true, description: "The first failure that counts, or why it was cancelled." })
  error?: TaskError;

  @Field(() => TaskCounts, { description: "All tasks and items known so far, by status." })
  counts!: TaskCounts;

  @Field(() => Float, { description: "0 to 100: the share of the tasks and items known so far that have ended." })
  percent!: number;

  @Field(() => DateTimeScalar, { description: "When it was accepted." })
  submittedAt!: number;

  @Field(() => DateTimeScalar, { nullable: true, description: "When its first task was taken up." })
  startedAt?: number;

  @Field(() => DateTimeScalar, { nullable: true, description: "When it ended." })
  finishedAt?: number;
}
