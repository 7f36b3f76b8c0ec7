/** The input of signalTask. */

import { Field, ID, InputType } from "type-graphql";
import type { SignalOutcome } from "../../engine/signals.js";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";
import { SignalOutcomeEnum } from "../types/SignalOutcome.js";

@InputType("SignalTaskInput", { description: "An answer for a task that waits." })
export class SignalTaskInput {
  @Field(() => ID, { description: "The workflow." })
  workflowId!: string;

  @Field(() => String, { description: "The task's address, group.task; of an item with its identifier, group.task[item]." })
  task!: string;

  @Field(() => JSONScalar, { nullable: true, description: "What the answer carries: the result of a signal, part of an approval's; by default null. At most 1 MiB as JSON." })
  payload?: JsonValue;

  @Field(() => SignalOutcomeEnum, { nullable: true, defaultValue: "APPROVE", description: "Yes or no." })
  outcome?: SignalOutcome | null;
}
