/** One item of an expanded task. */

import { Field, Int, ObjectType } from "type-graphql";
import type { NodeKey } from "../../engine/nodeKey.js";
import type { JsonObject, JsonValue } from "../../workflow/json.js";
import type { TaskStatus } from "../../workflow/status.js";
import { DateTimeScalar, JSONScalar } from "../scalars.js";
import { TaskStatusEnum } from "./enums.js";
import { TaskError } from "./TaskError.js";

@ObjectType("TaskItem", { simpleResolvers: true, description: "One item of an expanded task." })
export class TaskItem {
  /** Not part of the schema: what the further reads start from. */
  place!: { workflowId: string; node: NodeKey };

  @Field(() => Int, { description: "Its position among the items, from 0." })
  index!: number;

  @Field(() => String, { description: "Its name among the items: what `identifier` gave, else the index." })
  identifier!: string;

  @Field(() => JSONScalar, { description: "The expansion's variables and their values for this item." })
  variables!: JsonObject;

  @Field(() => TaskStatusEnum, { description: "Where it stands." })
  status!: TaskStatus;

  @Field(() => Int, { description: "Number of the current or last attempt; 0 before the first." })
  attempt!: number;

  @Field(() => JSONScalar, { nullable: true, description: "What the handler returned; null before that." })
  result?: JsonValue;

  @Field(() => TaskError, { nullable: true, description: "Why it failed, if it did." })
  error?: TaskError;

  @Field(() => DateTimeScalar, { nullable: true, description: "When its current or last attempt began." })
  startedAt?: number;

  @Field(() => DateTimeScalar, { nullable: true, description: "When it ended." })
  finishedAt?: number;
}
