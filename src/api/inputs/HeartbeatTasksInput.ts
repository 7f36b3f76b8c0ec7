/** Claims that a worker still works on. */

import { Field, ID, InputType } from "type-graphql";
import { DurationScalar } from "../scalars.js";

@InputType("HeartbeatTasksInput", { description: "Claims that a worker still works on." })
export class HeartbeatTasksInput {
  @Field(() => String, { description: "The worker that claimed them." })
  workerId!: string;

  @Field(() => [ID], { description: "Its claims, at most 1,000." })
  claims!: string[];

  @Field(() => DurationScalar, { nullable: true, description: "How long they hold from now, 1s to 1h; by default as long as each was claimed for." })
  lease?: number | null;

  @Field(() => Boolean, { nullable: true, defaultValue: true, description: "Whether the handlers themselves say so. false keeps the claims alone, and the tasks' heartbeatTimeout runs on." })
  byHandlers?: boolean | null;
}
