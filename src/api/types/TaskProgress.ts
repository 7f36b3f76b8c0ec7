/** What a running attempt last said about its progress. */

import { Field, Float, ObjectType } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import { DateTimeScalar, JSONScalar } from "../scalars.js";

@ObjectType("TaskProgress", { simpleResolvers: true, description: "A handler's report from within an attempt." })
export class TaskProgress {
  @Field(() => Float, { nullable: true, description: "0 to 100." })
  percent?: number;

  @Field(() => String, { nullable: true, description: "For people." })
  message?: string;

  @Field(() => JSONScalar, { nullable: true, description: "What the handler sends along, for instance a piece of a streamed answer." })
  data?: JsonValue;

  @Field(() => DateTimeScalar, { description: "When it was reported." })
  at!: number;
}
