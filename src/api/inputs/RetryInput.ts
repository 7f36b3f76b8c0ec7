/** How often and how fast a failed attempt is repeated. */

import { Field, Float, InputType, Int } from "type-graphql";
import { DurationScalar } from "../scalars.js";

@InputType("RetryInput", { description: "How often and how fast a failed attempt is repeated. {} means all defaults." })
export class RetryInput {
  @Field(() => Int, { nullable: true, defaultValue: 3, description: "Attempts in all, the first included; at least 1." })
  maxAttempts?: number | null;

  @Field(() => DurationScalar, { nullable: true, defaultValue: 1_000, description: "Before the second attempt." })
  initialDelay?: number | null;

  @Field(() => Float, { nullable: true, defaultValue: 2, description: "Each delay is the one before times this; at least 1." })
  factor?: number | null;

  @Field(() => DurationScalar, { nullable: true, defaultValue: 60_000, description: "No delay is longer." })
  maxDelay?: number | null;

  @Field(() => Boolean, { nullable: true, defaultValue: true, description: "Full jitter: wait a random part of the delay, so that many retries do not come at once." })
  jitter?: boolean | null;

  @Field(() => [String], { nullable: true, description: "Error codes that are final at once." })
  nonRetryable?: string[] | null;
}
