/** Which events a subscription to many workflows gets. */

import { Field, ID, InputType } from "type-graphql";
import type { EventType } from "../../workflow/events.js";
import type { JsonValue } from "../../workflow/json.js";
import { JSONScalar } from "../scalars.js";
import { EventTypeEnum } from "../types/enums.js";

@InputType("EventFilter", { description: "Which events: those that match every field given." })
export class EventFilter {
  @Field(() => [ID], { nullable: true, description: "Of these workflows." })
  workflowIds?: string[] | null;

  @Field(() => ID, { nullable: true, description: "Of workflows of this session." })
  sessionId?: string | null;

  @Field(() => String, { nullable: true, description: "Of workflows of this name, exactly." })
  name?: string | null;

  @Field(() => JSONScalar, { nullable: true, description: "Of workflows with all these labels: an object of name to value." })
  labels?: JsonValue;

  @Field(() => [EventTypeEnum], { nullable: true, description: "Of these types." })
  types?: EventType[] | null;
}
