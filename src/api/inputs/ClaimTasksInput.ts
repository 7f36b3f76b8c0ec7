/** What a worker asks for. */

import { Field, InputType, Int } from "type-graphql";
import { DurationScalar } from "../scalars.js";

@InputType("ClaimTasksInput", { description: "What a worker asks for." })
export class ClaimTasksInput {
  @Field(() => String, { description: "The worker's own name, shown in events: 1 to 128 letters, digits, underscores, dots, colons and hyphens." })
  workerId!: string;

  @Field(() => [String], { description: "The handlers that it has." })
  handlers!: string[];

  @Field(() => [String], { nullable: true, description: "The queues that it serves, at most 100; by default the one named default." })
  queues?: string[] | null;

  @Field(() => Int, { nullable: true, defaultValue: 1, description: "Tasks at once, 1 to 100; of taskOffers: offers without an outcome." })
  max?: number | null;

  @Field(() => DurationScalar, { nullable: true, defaultValue: 0, description: "How long to wait for the first task, at most 60s; taskOffers always waits." })
  wait?: number | null;

  @Field(() => DurationScalar, { nullable: true, defaultValue: 30_000, description: "How long a claim holds without a heartbeat, 1s to 1h." })
  lease?: number | null;
}
