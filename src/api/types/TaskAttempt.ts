/** One attempt of a task. */

import { Field, Int, ObjectType } from "type-graphql";
import { DateTimeScalar } from "../scalars.js";
import { TaskError } from "./TaskError.js";

@ObjectType("TaskAttempt", { simpleResolvers: true, description: "One attempt of a task." })
export class TaskAttempt {
  @Field(() => Int, { description: "1 for the first." })
  number!: number;

  @Field(() => String, { nullable: true, description: "The worker that ran it." })
  worker?: string;

  @Field(() => DateTimeScalar, { description: "When a worker began it." })
  startedAt!: number;

  @Field(() => DateTimeScalar, { nullable: true, description: "When it ended; null while it runs." })
  finishedAt?: number;

  @Field(() => TaskError, { nullable: true, description: "Why it failed, if it did." })
  error?: TaskError;
}
