/** What a client writes to describe a workflow. */

import { Field, InputType } from "type-graphql";
import type { FailurePolicy } from "../../workflow/definition.js";
import type { JsonValue } from "../../workflow/json.js";
import { DurationScalar, JSONScalar } from "../scalars.js";
import { FailurePolicyEnum } from "../types/enums.js";
import { ReducerInput } from "./ReducerInput.js";
import { TaskGroupInput } from "./TaskGroupInput.js";

@InputType("WorkflowDefinitionInput", {
  description: "A workflow: groups of tasks that pass values through a shared context. At most 1 MiB as JSON.",
})
export class WorkflowDefinitionInput {
  @Field(() => String, { description: "What it is called in lists: letters, digits, '_' and '-', at most 128." })
  name!: string;

  @Field(() => String, { nullable: true, description: "For people." })
  description?: string | null;

  @Field(() => [TaskGroupInput], { description: "Its groups; at least one task in all." })
  groups!: TaskGroupInput[];

  @Field(() => JSONScalar, {
    nullable: true,
    description: "JSON Schema (draft 2020-12 or 07) of the initial context: a submission whose context does not fit is refused with CONTEXT_INVALID.",
  })
  contextSchema?: JsonValue;

  @Field(() => [ReducerInput], {
    nullable: true,
    description: "How several writers of one key, or a writer and the initial context, combine; without one they are a problem. At most one per key.",
  })
  reducers?: ReducerInput[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "Context keys that provideContext, or the session, supplies while it runs; those given at submission, and those that the session holds then, count as supplied.",
  })
  externalKeys?: string[] | null;

  @Field(() => [String], { nullable: true, description: "Context keys, of tasks, external or initial, that are copied to the session's context when the workflow completes." })
  exports?: string[] | null;

  @Field(() => FailurePolicyEnum, { nullable: true, defaultValue: "CONTINUE", description: "What a failed task means for the others." })
  onFailure?: FailurePolicy | null;

  @Field(() => DurationScalar, { nullable: true, description: "From submission to the end; past it the workflow is TIMED_OUT and what has not ended is cancelled." })
  timeout?: number | null;
}
