/** The input of submitWorkflow. */

import { Field, ID, InputType, Int } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";
import { WorkflowDefinitionInput } from "./WorkflowDefinitionInput.js";

@InputType("SubmitWorkflowInput", { description: "What to run, on what." })
export class SubmitWorkflowInput {
  @Field(() => WorkflowDefinitionInput, { nullable: true, description: "The workflow itself. Exactly one of this and definitionName." })
  definition?: WorkflowDefinitionInput | null;

  @Field(() => String, { nullable: true, description: "The name of a definition that registerDefinition took. Exactly one of this and definition." })
  definitionName?: string | null;

  @Field(() => Int, { nullable: true, description: "The version of the registered definition: 1 or more; by default the latest." })
  definitionVersion?: number | null;

  @Field(() => JSONScalar, { nullable: true, description: "The initial context: an object of key to value, each at most 1 MiB as JSON; by default empty." })
  context?: JsonValue;

  @Field(() => ID, { nullable: true, description: "The session it belongs to, made on first use: 1 to 256 characters, but no workflow's id; by default one of its own." })
  sessionId?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Makes repeating safe: the same key with the same payload gives the first workflow, with duplicate: true; with another payload it is the problem IDEMPOTENCY_CONFLICT.",
  })
  idempotencyKey?: string | null;

  @Field(() => JSONScalar, { nullable: true, description: "An object of names and values to find the workflow by; by default empty." })
  labels?: JsonValue;

  @Field(() => Int, { nullable: true, description: "Larger goes first: -1000 to 1000, by default 0. It counts before the priorities of tasks." })
  priority?: number | null;
}
