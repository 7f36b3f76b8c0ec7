/** A snapshot of how far a workflow is. */

import { Field, Float, ID, ObjectType } from "type-graphql";
import type { WorkflowStatus } from "../../workflow/status.js";
import { CursorScalar, DateTimeScalar } from "../scalars.js";
import { WorkflowStatusEnum } from "./enums.js";
import { TaskCounts } from "./TaskCounts.js";

@ObjectType("WorkflowProgress", { simpleResolvers: true, description: "How far a workflow is." })
export class WorkflowProgress {
  @Field(() => ID, { description: "The workflow." })
  workflowId!: string;

  @Field(() => WorkflowStatusEnum, { description: "Where it stands." })
  status!: WorkflowStatus;

  @Field(() => Float, { description: "0 to 100: the share of the tasks and items known so far that have ended." })
  percent!: number;

  @Field(() => TaskCounts, { description: "All tasks and items known so far, by status." })
  counts!: TaskCounts;

  @Field(() => CursorScalar, { description: "The newest event this contains; workflowEvents goes on from it." })
  cursor!: string;

  @Field(() => DateTimeScalar, { description: "When the snapshot was taken." })
  at!: number;
}
