/** One reason why a task, or an expanded group, is not running. */

import { Field, ObjectType } from "type-graphql";
import { DateTimeScalar } from "../scalars.js";

@ObjectType("WaitReason", { simpleResolvers: true, description: "One reason why a task, or an expanded group, is not running." })
export class WaitReason {
  @Field(() => String, {
    description: "KEY (a context key has no value yet), EXTERNAL_KEY (a context key that provideContext supplies), TASK (another task has not ended), WORKER (nobody has taken it), BACKOFF (a retry's delay), TIMER, SIGNAL (an answer by signalTask), WORKFLOW (its sub-workflow runs), PAUSED (the workflow is paused), or LIMIT (as many run as may).",
  })
  kind!: string;

  @Field(() => String, { nullable: true, description: "The key, the task's address or the sub-workflow's id that it waits for." })
  key?: string;

  @Field(() => String, { description: "For people." })
  message!: string;

  @Field(() => DateTimeScalar, { nullable: true, description: "When the wait ends by itself, if it does." })
  until?: number;
}
