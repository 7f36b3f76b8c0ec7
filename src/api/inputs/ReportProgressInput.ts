/** How far a task is. */

import { Field, Float, ID, InputType } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";

@InputType("ReportProgressInput", { description: "How far a task is; becomes a TASK_PROGRESS event." })
export class ReportProgressInput {
  @Field(() => ID, { description: "The task's claim." })
  claim!: string;

  @Field(() => Float, { nullable: true, description: "0 to 100." })
  percent?: number | null;

  @Field(() => String, { nullable: true, description: "For people." })
  message?: string | null;

  @Field(() => JSONScalar, { nullable: true, description: "Anything, for instance a piece of the result; at most 1 MiB as JSON." })
  data?: JsonValue;
}
