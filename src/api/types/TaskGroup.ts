/** A group of tasks. */

import { Field, ObjectType } from "type-graphql";
import type { TaskStatus } from "../../workflow/status.js";
import { TaskStatusEnum } from "./enums.js";
import { Node } from "./Node.js";
import { Task } from "./Task.js";
import { TaskCounts } from "./TaskCounts.js";

@ObjectType("TaskGroup", { implements: Node, simpleResolvers: true, description: "Tasks that belong together." })
export class TaskGroup extends Node {
  @Field(() => String, { description: "Its name in the definition." })
  name!: string;

  @Field(() => TaskStatusEnum, { description: "Where it stands, by its tasks." })
  status!: TaskStatus;

  @Field(() => TaskCounts, { description: "Its tasks and items by status." })
  counts!: TaskCounts;

  @Field(() => [Task], { description: "Its tasks, in the order of the definition; at most 10,000." })
  tasks!: Task[];

  @Field(() => [TaskGroup], { description: "The groups nested in it; empty when there are none." })
  groups!: TaskGroup[];
}
