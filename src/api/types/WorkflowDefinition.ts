/** A definition as readers see it: registered under a name, or the one that a workflow runs. */

import { Field, Int, ObjectType } from "type-graphql";
import type { JsonObject } from "../../workflow/json.js";
import { DateTimeScalar, JSONScalar } from "../scalars.js";

@ObjectType("WorkflowDefinition", { simpleResolvers: true, description: "What a workflow runs." })
export class WorkflowDefinition {
  @Field(() => String, { description: "Its name." })
  name!: string;

  @Field(() => Int, { description: "1, 2, 3 ... among the definitions registered under its name; 0 for one that was submitted with its workflow." })
  version!: number;

  @Field(() => String, { description: "Of its content: equal definitions have equal hashes." })
  hash!: string;

  @Field(() => JSONScalar, { description: "The whole definition, in the form of WorkflowDefinitionInput, with its defaults filled in." })
  document!: JsonObject;

  @Field(() => DateTimeScalar, { nullable: true, description: "When this version was registered; null for one that was not." })
  registeredAt?: number;
}
