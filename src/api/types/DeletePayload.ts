/** What deleteWorkflow answers. */

import { Field, ObjectType } from "type-graphql";
import { Problem } from "./Problem.js";

@ObjectType("DeletePayload", { simpleResolvers: true, description: "The outcome of deleteWorkflow." })
export class DeletePayload {
  @Field(() => Boolean, { description: "Whether it is gone now." })
  deleted!: boolean;

  @Field(() => [Problem], { description: "Why nothing was removed; empty when it was." })
  problems!: Problem[];
}
