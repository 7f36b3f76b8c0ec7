/** Why an attempt, an item, a task or a workflow failed. */

import { Field, ObjectType } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";

@ObjectType("TaskError", { simpleResolvers: true, description: "Why something failed." })
export class TaskError {
  @Field(() => String, { description: "A code of the documentation's table, HTTP_<status>, or the handler's own." })
  code!: string;

  @Field(() => String, { description: "For people." })
  message!: string;

  @Field(() => Boolean, { description: "Whether another attempt could have succeeded." })
  retryable!: boolean;

  @Field(() => JSONScalar, { nullable: true, description: "What the handler added, if it did." })
  details?: JsonValue;

  @Field(() => String, { nullable: true, description: "Address of the task whose failure this is." })
  task?: string;
}
