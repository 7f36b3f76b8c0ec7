/** What the mutations of the worker protocol answer. */

import { Field, ID, ObjectType } from "type-graphql";
import { ClaimedTask } from "./ClaimedTask.js";
import { Problem } from "./Problem.js";

@ObjectType("ClaimTasksPayload", { simpleResolvers: true, description: "The outcome of claimTasks." })
export class ClaimTasksPayload {
  @Field(() => [ClaimedTask], { description: "What to run now; empty when nothing came in time." })
  tasks!: ClaimedTask[];

  @Field(() => [Problem], { description: "All that is wrong with the input." })
  problems!: Problem[];
}

@ObjectType("HeartbeatTasksPayload", { simpleResolvers: true, description: "The outcome of heartbeatTasks." })
export class HeartbeatTasksPayload {
  @Field(() => [ID], { description: "Claims that are no longer this worker's: stop working on them." })
  lost!: string[];

  @Field(() => [Problem], { description: "All that is wrong with the input." })
  problems!: Problem[];
}

@ObjectType("HandBackTasksPayload", { simpleResolvers: true, description: "The outcome of handBackTasks." })
export class HandBackTasksPayload {
  @Field(() => [Problem], { description: "Claims that are none; the others were given back." })
  problems!: Problem[];
}

@ObjectType("CompleteTasksPayload", { simpleResolvers: true, description: "The outcome of completeTasks." })
export class CompleteTasksPayload {
  @Field(() => [ID], { description: "Claims whose result is recorded, now or by an earlier call." })
  accepted!: string[];

  @Field(() => [ID], { description: "Claims that are no longer the worker's: nothing was recorded." })
  stale!: string[];

  @Field(() => [Problem], { description: "Results that were not recorded because of what they are; those that are not what their task declares have failed their attempt." })
  problems!: Problem[];
}
