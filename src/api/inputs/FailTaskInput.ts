/** Why an attempt failed. */

import { Field, ID, InputType } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";

@InputType("FailTaskInput", { description: "Why an attempt failed." })
export class FailTaskInput {
  @Field(() => ID, { description: "The task's claim." })
  claim!: string;

  @Field(() => String, { nullable: true, description: "For programs; by default HANDLER_ERROR." })
  code?: string | null;

  @Field(() => String, { description: "For people; cut after 10,000 characters." })
  message!: string;

  @Field(() => Boolean, { nullable: true, defaultValue: true, description: "False: another attempt could not succeed either, so there is none." })
  retryable?: boolean | null;

  @Field(() => JSONScalar, { nullable: true, description: "Anything that helps; at most 1 MiB as JSON." })
  details?: JsonValue;
}
