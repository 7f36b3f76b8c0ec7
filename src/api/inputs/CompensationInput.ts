/** What undoes a task. */

import { Field, InputType } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";

@InputType("CompensationInput", { description: "The call that undoes a completed task, or each completed item of an expanded one." })
export class CompensationInput {
  @Field(() => String, { description: "The name of one of the query `handlers`." })
  handler!: string;

  @Field(() => JSONScalar, {
    nullable: true,
    description: "A template over the context, in which $result is the result to undo, $error the workflow's error, and an item's variables are there.",
  })
  input?: JsonValue;
}
