/** An expected problem of an input: data, not a GraphQL error. */

import { Field, ObjectType } from "type-graphql";

@ObjectType("Problem", { simpleResolvers: true, description: "Something about an input that must be changed before it can be accepted, or a warning about it." })
export class Problem {
  @Field(() => String, { description: "A code of the documentation's table." })
  code!: string;

  @Field(() => String, { description: "What is wrong, for people." })
  message!: string;

  @Field(() => String, { nullable: true, description: "Where: groups[0].tasks[2].input.url, context.x" })
  path?: string;

  @Field(() => String, { nullable: true, description: "What to do about it." })
  hint?: string;
}
