/** Pushes tasks to a worker: Subscription.taskOffers. */

import { Arg, Resolver, Root, Subscription } from "type-graphql";
import type { SubscribeResolverData } from "type-graphql";
import type { ClaimedTask as Claimed } from "../../engine/WorkerProtocol.js";
import type { ApiContext } from "../context.js";
import { ClaimTasksInput } from "../inputs/ClaimTasksInput.js";
import { presentClaimedTask, toClaimRequest } from "../presentWorkers.js";
import { ClaimedTask } from "../types/ClaimedTask.js";

function subscribe({ args, context }: SubscribeResolverData<unknown, { input: ClaimTasksInput }, ApiContext>): AsyncIterable<Claimed> {
  return context.workers.taskOffers(context.caller, toClaimRequest(args.input));
}

@Resolver()
export class TaskOffersSubscription {
  @Subscription(() => ClaimedTask, {
    subscribe,
    description:
      "Pushes tasks to a worker as they come, at most `max` that it has not completed or failed. Each is a claim like one of claimTasks. " +
      "When the subscription ends, those without an outcome are handed back.",
  })
  taskOffers(
    @Root() offer: Claimed,
    @Arg("input", () => ClaimTasksInput, { description: "For whom, and how many at once." }) _input: ClaimTasksInput,
  ): ClaimedTask {
    return presentClaimedTask(offer);
  }
}
