/** Tells how much waits: Query.queues. */

import { Ctx, Query, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { Queue } from "../types/Queue.js";

@Resolver()
export class QueuesQuery {
  @Query(() => [Queue], { description: "How much waits in each queue." })
  async queues(@Ctx() { fleet }: ApiContext): Promise<Queue[]> {
    return (await fleet.queues()).map(({ oldestReadyMs, ...queue }) => ({ ...queue, ...(oldestReadyMs === undefined ? {} : { oldestReadyAt: oldestReadyMs }) }));
  }
}
