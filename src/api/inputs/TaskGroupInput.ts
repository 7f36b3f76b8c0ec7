/** A group of a definition. */

import { Field, InputType, Int } from "type-graphql";
import type { FailurePolicy } from "../../workflow/definition.js";
import { DurationScalar } from "../scalars.js";
import { FailurePolicyEnum } from "../types/enums.js";
import { ExpansionInput } from "./ExpansionInput.js";
import { TaskInput } from "./TaskInput.js";

@InputType("TaskGroupInput", { description: "Tasks that belong together." })
export class TaskGroupInput {
  @Field(() => String, { description: "Unique among its neighbours: letters, digits, '_' and '-', at most 128." })
  name!: string;

  @Field(() => [TaskInput], { nullable: true, description: "Its tasks; at most 10,000 in the whole workflow." })
  tasks?: TaskInput[] | null;

  @Field(() => [TaskGroupInput], { nullable: true, description: "Nested groups; 16 levels at most, a top group being the first." })
  groups?: TaskGroupInput[] | null;

  @Field(() => [String], { nullable: true, description: "Context keys that all its tasks wait for, those of nested groups too." })
  dependencies?: string[] | null;

  @Field(() => ExpansionInput, { nullable: true, description: "Runs the whole group once per item, each time in a child scope of the context: reads go outward, writes stay inside." })
  expansion?: ExpansionInput | null;

  @Field(() => [String], { nullable: true, description: "Keys that an expanded group hands to the scope around it, collected over its instances; default: all that its tasks write." })
  resultKeys?: string[] | null;

  @Field(() => Int, {
    nullable: true,
    description: "How many of its tasks and items, those of nested groups too, are under way at once: from being queued for a worker to their end; of an expanded group those of all its instances. Without it there is no limit.",
  })
  maxParallel?: number | null;

  @Field(() => DurationScalar, { nullable: true, description: "From its start; past it every task of it that has not ended is TIMED_OUT, those of all its instances if it is expanded, and the workflow, or the instance around it, fails." })
  timeout?: number | null;

  @Field(() => FailurePolicyEnum, {
    nullable: true,
    description: "What a failed task in it means for the others of the group, or of its instance if it is expanded. By default what the group around it in the same scope says, and in the end the workflow.",
  })
  onFailure?: FailurePolicy | null;
}
