/** A task of a definition. */

import { Field, InputType, Int } from "type-graphql";
import type { TaskFailurePolicy } from "../../workflow/definition.js";
import type { JsonValue } from "../../workflow/json.js";
import { DurationScalar, JSONScalar } from "../scalars.js";
import { TaskFailurePolicyEnum } from "../types/enums.js";
import { CompensationInput } from "./CompensationInput.js";
import { ExpansionInput } from "./ExpansionInput.js";
import { RetryInput } from "./RetryInput.js";

@InputType("TaskInput", { description: "One call of a handler or, with an expansion, one per item." })
export class TaskInput {
  @Field(() => String, { description: "Unique in its group: letters, digits, '_' and '-', at most 128." })
  name!: string;

  @Field(() => String, { description: "The name of one of the query `handlers`." })
  handler!: string;

  @Field(() => JSONScalar, { nullable: true, description: "The handler's input; its strings may hold {{ expression }} templates over the context." })
  input?: JsonValue;

  @Field(() => [String], { nullable: true, description: "Context keys it waits for, besides those that its templates and expressions read." })
  dependencies?: string[] | null;

  @Field(() => [String], { nullable: true, description: "Context keys it waits for only while some task may still write them; absent afterwards reads as null." })
  optionalDependencies?: string[] | null;

  @Field(() => [String], { nullable: true, description: "Tasks that must have ended well before it, by name in the own group or by address: group.task." })
  after?: string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "Context keys it writes; by default its own name. One key takes the whole result, several take the result's fields of those names.",
  })
  resultKeys?: string[] | null;

  @Field(() => [String], { nullable: true, description: "Context keys it writes when the result has fields of those names." })
  optionalResultKeys?: string[] | null;

  @Field(() => String, { nullable: true, description: "JSONata; when it is not truthy the task is SKIPPED." })
  when?: string | null;

  @Field(() => ExpansionInput, { nullable: true, description: "Makes the task many: one call per item." })
  expansion?: ExpansionInput | null;

  @Field(() => String, {
    nullable: true,
    description: "JSONata on $result, per item of an expanded task; when it is not truthy the attempt fails with RESULT_INVALID, and is repeated if `retry` says so.",
  })
  validate?: string | null;

  @Field(() => JSONScalar, {
    nullable: true,
    description: "JSON Schema (draft 2020-12 or 07) of the result, per item of an expanded task; one that does not fit fails with RESULT_INVALID, which is final.",
  })
  resultSchema?: JsonValue;

  @Field(() => RetryInput, { nullable: true, description: "Repeats failed attempts; without it there is one attempt." })
  retry?: RetryInput | null;

  @Field(() => DurationScalar, { nullable: true, description: "Of one attempt; longer fails with TIMEOUT. Without it there is no limit." })
  timeout?: number | null;

  @Field(() => DurationScalar, {
    nullable: true,
    description: "From ready to finished, over all attempts, waits and items; past it the task is TIMED_OUT, which `retry` does not change. Without it there is no limit.",
  })
  totalTimeout?: number | null;

  @Field(() => DurationScalar, {
    nullable: true,
    description: "The longest that an attempt may go without a heartbeat or progress of its handler; longer fails with TIMEOUT. Without it there is no limit.",
  })
  heartbeatTimeout?: number | null;

  @Field(() => TaskFailurePolicyEnum, { nullable: true, defaultValue: "FAIL", description: "What its failure means." })
  onFailure?: TaskFailurePolicy | null;

  @Field(() => JSONScalar, { nullable: true, description: "The result to record when onFailure is FALLBACK: a template, in which $error is the failure." })
  fallback?: JsonValue;

  @Field(() => CompensationInput, {
    nullable: true,
    description: "Undoes it when the workflow fails or is cancelled: one task after the other, in reverse order of completion, at the address group.task!compensate.",
  })
  compensate?: CompensationInput | null;

  @Field(() => String, { nullable: true, defaultValue: "default", description: "The queue it waits in for a worker that serves it: letters, digits and _ . : -." })
  queue?: string | null;

  @Field(() => Int, { nullable: true, defaultValue: 0, description: "Larger goes first, among workflows of the same priority: -1000 to 1000." })
  priority?: number | null;
}
