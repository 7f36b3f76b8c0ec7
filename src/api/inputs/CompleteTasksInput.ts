/** Results of tasks. */

import { Field, ID, InputType } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";

@InputType("TaskResultInput", { description: "The result of one task." })
export class TaskResultInput {
  @Field(() => ID, { description: "The task's claim." })
  claim!: string;

  @Field(() => JSONScalar, { nullable: true, description: "What the handler returns; at most 1 MiB as JSON." })
  result?: JsonValue;
}

@InputType("CompleteTasksInput", { description: "Results of tasks." })
export class CompleteTasksInput {
  @Field(() => [TaskResultInput], { description: "At most 1,000." })
  results!: TaskResultInput[];
}
