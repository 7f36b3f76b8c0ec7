/** One call of a handler, given to a worker. */

import { Field, ID, Int, ObjectType } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import { DateTimeScalar, JSONScalar } from "../scalars.js";

@ObjectType("ClaimedTask", { simpleResolvers: true, description: "One call of a handler, given to a worker until its lease ends: a task, or one item of an expanded task." })
export class ClaimedTask {
  @Field(() => ID, { description: "Opaque; names this attempt in everything that the worker says about it." })
  claim!: string;

  @Field(() => String, { description: "Which of the worker's handlers to run." })
  handler!: string;

  @Field(() => JSONScalar, { nullable: true, description: "The handler's input, templates resolved; of a batch the list of its items' inputs." })
  input?: JsonValue;

  @Field(() => ID, { description: "The workflow it belongs to." })
  workflowId!: string;

  @Field(() => String, { description: "The task's address, with the item's identifier in brackets when it is one of an expansion, or those of a batch's first and last: group.task[3..7]." })
  task!: string;

  @Field(() => Int, { description: "1 for the first." })
  attempt!: number;

  @Field(() => String, { description: "For the outside world: the same for all attempts of this task, item or batch. Another one only for what had completed, was undone by compensations and is done anew." })
  idempotencyKey!: string;

  @Field(() => DateTimeScalar, { description: "By then the worker completes it, fails it or sends a heartbeat; otherwise somebody else gets it." })
  leaseUntil!: number;
}
