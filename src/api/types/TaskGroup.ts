/** A group of tasks. */

import { Field, ObjectType } from "type-graphql";
import type { GroupState } from "../../engine/snapshot.js";
import type { TaskStatus } from "../../workflow/status.js";
import { TaskStatusEnum } from "./enums.js";
import { Node } from "./Node.js";
import { Task } from "./Task.js";
import { TaskCounts } from "./TaskCounts.js";
import { WaitReason } from "./WaitReason.js";

@ObjectType("TaskGroup", { implements: Node, simpleResolvers: true, description: "Tasks that belong together." })
export class TaskGroup extends Node {
  @Field(() => String, { description: "Its name in the definition; of an instance of an expanded group its address, e.g. enrich[3]." })
  name!: string;

  @Field(() => TaskStatusEnum, { description: "Where it stands, by its tasks." })
  status!: TaskStatus;

  @Field(() => TaskCounts, { description: "Its tasks and items by status." })
  counts!: TaskCounts;

  @Field(() => [Task], { description: "Its tasks, in the order of the definition; at most 10,000. Those of an expanded group stand in its instances." })
  tasks!: Task[];

  @Field(() => TaskCounts, { nullable: true, description: "Of a group that is expanded as a whole: its instances by status; null before, and for other groups." })
  instanceCounts?: TaskCounts;

  @Field(() => [WaitReason], { description: "Of a group that is expanded as a whole: why it has not begun, or why its output is not made yet; empty while instances of it run, and for other groups, whose tasks tell for themselves." })
  waitingFor!: WaitReason[];

  /** What the field resolvers go by; no field of the API. */
  state!: GroupState;
  workflowId!: string;
}
