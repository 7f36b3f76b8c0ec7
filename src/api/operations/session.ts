/** Finds one session by its id: Query.session. */

import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { presentSession } from "../present.js";
import { Session } from "../types/Session.js";

@Resolver()
export class SessionQuery {
  @Query(() => Session, { nullable: true, description: "One session; null when no workflow was submitted to it, or when it has outlived its retention." })
  async session(
    @Ctx() { engine, caller }: ApiContext,
    @Arg("id", () => ID, { description: "The id that the client named, or that Workflow.session has." }) id: string,
  ): Promise<Session | null> {
    return (await engine.hasSession(caller, id)) ? presentSession(id) : null;
  }
}
