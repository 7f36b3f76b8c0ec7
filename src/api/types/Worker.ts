/** A worker that lives. */

import { Field, Int, ObjectType } from "type-graphql";
import { DateTimeScalar } from "../scalars.js";

@ObjectType("Worker", { simpleResolvers: true, description: "A worker that was heard of lately: in a server, in a process of its own, or one that speaks GraphQL." })
export class Worker {
  @Field(() => String, { description: "As it stands in events." })
  id!: string;

  @Field(() => [String], { description: "The handlers it serves." })
  handlers!: string[];

  @Field(() => [String], { description: "The queues it serves." })
  queues!: string[];

  @Field(() => Int, { description: "Tasks and items it runs now." })
  running!: number;

  @Field(() => Int, { description: "How many it takes at once." })
  capacity!: number;

  @Field(() => DateTimeScalar, { description: "When it last said that it lives." })
  lastSeenAt!: number;
}
