/** What can be fetched again by its id alone. */

import { Field, ID, InterfaceType } from "type-graphql";

@InterfaceType("Node", { description: "Anything with an id that the query `node` finds again." })
export abstract class Node {
  @Field(() => ID, { description: "Unique in this deployment. Opaque." })
  id!: string;
}
