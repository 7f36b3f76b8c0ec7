/** Which workflows a list holds. */

import { Field, ID, InputType } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import type { WorkflowStatus } from "../../workflow/status.js";
import { DateTimeScalar, JSONScalar } from "../scalars.js";
import { WorkflowStatusEnum } from "../types/enums.js";

@InputType("WorkflowFilter", { description: "Which workflows: those that match every field given." })
export class WorkflowFilter {
  @Field(() => [WorkflowStatusEnum], { nullable: true, description: "In one of these statuses." })
  status?: WorkflowStatus[] | null;

  @Field(() => String, { nullable: true, description: "Of this name, exactly." })
  name?: string | null;

  @Field(() => ID, { nullable: true, description: "Of this session." })
  sessionId?: string | null;

  @Field(() => JSONScalar, { nullable: true, description: "With all these labels: an object of name to value." })
  labels?: JsonValue;

  @Field(() => DateTimeScalar, { nullable: true, description: "Submitted later than this." })
  submittedAfter?: number | null;

  @Field(() => DateTimeScalar, { nullable: true, description: "Submitted earlier than this." })
  submittedBefore?: number | null;
}
