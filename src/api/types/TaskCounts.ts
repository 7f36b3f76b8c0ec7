/** How many tasks and items stand in each status. */

import { Field, Int, ObjectType } from "type-graphql";

@ObjectType("TaskCounts", {
  simpleResolvers: true,
  description: "How many tasks stand in each status. A task with an expansion counts as one until it is expanded, then as its items.",
})
export class TaskCounts {
  @Field(() => Int, { description: "The sum of all others." })
  total!: number;

  @Field(() => Int, { description: "How many are PENDING." })
  pending!: number;

  @Field(() => Int, { description: "How many are READY." })
  ready!: number;

  @Field(() => Int, { description: "How many are RUNNING." })
  running!: number;

  @Field(() => Int, { description: "How many are WAITING." })
  waiting!: number;

  @Field(() => Int, { description: "How many are COMPLETED." })
  completed!: number;

  @Field(() => Int, { description: "How many are FAILED." })
  failed!: number;

  @Field(() => Int, { description: "How many are SKIPPED." })
  skipped!: number;

  @Field(() => Int, { description: "How many are CANCELLED." })
  cancelled!: number;

  @Field(() => Int, { description: "How many are TIMED_OUT." })
  timedOut!: number;
}
