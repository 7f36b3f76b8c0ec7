/** Lists the workers that live: Query.workers. */

import { Ctx, Query, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { Worker } from "../types/Worker.js";

@Resolver()
export class WorkersQuery {
  @Query(() => [Worker], { description: "The workers that live, by id." })
  async workers(@Ctx() { fleet }: ApiContext): Promise<Worker[]> {
    return (await fleet.workers()).map(({ lastSeenMs, ...worker }) => ({ ...worker, lastSeenAt: lastSeenMs }));
  }
}
