/** A group of a definition. */

import { Field, InputType } from "type-graphql";
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
}
