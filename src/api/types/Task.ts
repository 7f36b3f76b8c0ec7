/** A task of a workflow, as far as one read of the workflow tells; taskFields.ts has what needs further reads. */

import { Field, Int, ObjectType } from "type-graphql";
import type { TaskState } from "../../engine/snapshot.js";
import type { TaskStatus } from "../../workflow/status.js";
import { DateTimeScalar } from "../scalars.js";
import { TaskStatusEnum } from "./enums.js";
import { Node } from "./Node.js";
import { TaskCounts } from "./TaskCounts.js";
import { TaskError } from "./TaskError.js";
import { TaskProgress } from "./TaskProgress.js";
import { WaitReason } from "./WaitReason.js";

@ObjectType("Task", { implements: Node, simpleResolvers: true, description: "One call of a handler or, when expanded, one per item." })
export class Task extends Node {
  /** Not part of the schema: what the further reads start from. */
  state!: TaskState;

  @Field(() => String, { description: "Its address: group.task." })
  name!: string;

  @Field(() => String, { description: "The handler it calls." })
  handler!: string;

  @Field(() => TaskStatusEnum, { description: "Where it stands." })
  status!: TaskStatus;

  @Field(() => [WaitReason], { description: "Why it is not running: all reasons that hold; empty while it runs and once it ended. Of an expanded task also how many items wait for answers or sub-workflows while others run." })
  waitingFor!: WaitReason[];

  @Field(() => Int, { description: "Number of the current or last attempt; 0 before the first." })
  attempt!: number;

  @Field(() => TaskError, { nullable: true, description: "Why it failed, was skipped or fell back; null otherwise." })
  error?: TaskError;

  @Field(() => TaskProgress, { nullable: true, description: "The newest report of its handler." })
  progress?: TaskProgress;

  @Field(() => TaskCounts, { nullable: true, description: "Its items by status; null unless it is expanded." })
  counts?: TaskCounts;

  @Field(() => DateTimeScalar, { nullable: true, description: "When it had all it waited for." })
  readyAt?: number;

  @Field(() => DateTimeScalar, { nullable: true, description: "When its first attempt began." })
  startedAt?: number;

  @Field(() => DateTimeScalar, { nullable: true, description: "When it ended." })
  finishedAt?: number;
}
