/** A session as its id tells; sessionFields.ts has what needs reads. */

import { ObjectType } from "type-graphql";
import { Node } from "./Node.js";

@ObjectType("Session", { implements: Node, simpleResolvers: true, description: "A scope that outlives workflows: a shared context, and the workflows that ran in it." })
export class Session extends Node {}
