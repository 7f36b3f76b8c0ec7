/** A group of a definition. */

import { Field, InputType } from "type-graphql";
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
}
