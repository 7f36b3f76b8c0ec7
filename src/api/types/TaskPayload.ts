/** What mutations of one task answer. */

import { Field, ObjectType } from "type-graphql";
import { Problem } from "./Problem.js";
import { Task } from "./Task.js";

@ObjectType("TaskPayload", { simpleResolvers: true, description: "The outcome of a mutation of a task." })
export class TaskPayload {
  @Field(() => Task, { nullable: true, description: "The task as it is after the mutation; null when it cannot be told which one was meant." })
  task?: Task;

  @Field(() => [Problem], { description: "Why nothing was changed; empty when it was." })
  problems!: Problem[];
}
