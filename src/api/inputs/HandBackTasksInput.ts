/** Claims that a worker gives back. */

import { Field, ID, InputType } from "type-graphql";

@InputType("HandBackTasksInput", { description: "Claims that a worker will not work on." })
export class HandBackTasksInput {
  @Field(() => [ID], { description: "At most 1,000." })
  claims!: string[];
}
