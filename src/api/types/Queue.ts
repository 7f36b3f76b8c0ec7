/** How much waits in a queue. */

import { Field, Int, ObjectType } from "type-graphql";
import { DateTimeScalar } from "../scalars.js";

@ObjectType("Queue", { simpleResolvers: true, description: "How much waits in a queue, and how much of it runs." })
export class Queue {
  @Field(() => String, { description: "Its name." })
  name!: string;

  @Field(() => Int, { description: "Tasks and items that could run now." })
  ready!: number;

  @Field(() => Int, { description: "Tasks and items that run." })
  running!: number;

  @Field(() => Int, { description: "Tasks and items that wait for a time: retries and delays." })
  delayed!: number;

  @Field(() => DateTimeScalar, { nullable: true, description: "Since when the oldest ready one waits; null when there is none." })
  oldestReadyAt?: number;
}
