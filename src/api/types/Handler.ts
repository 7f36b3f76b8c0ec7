/** A handler that tasks can call. */

import { Field, ObjectType } from "type-graphql";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";

@ObjectType("Handler", { simpleResolvers: true, description: "Code that tasks can call by its name." })
export class Handler {
  @Field(() => String, { description: "What a task writes as its handler." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What it does, for people." })
  description?: string;

  @Field(() => JSONScalar, { nullable: true, description: "JSON Schema of its input; null when it takes anything." })
  inputSchema?: JsonValue;

  @Field(() => JSONScalar, { nullable: true, description: "JSON Schema of its result; null when it promises nothing." })
  outputSchema?: JsonValue;

  @Field(() => Boolean, { description: "Whether it comes with the server." })
  builtIn!: boolean;
}
