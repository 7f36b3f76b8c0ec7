/** Lists the handlers of this server: Query.handlers. */

import { Ctx, Query, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { Handler } from "../types/Handler.js";

@Resolver()
export class HandlersQuery {
  @Query(() => [Handler], { description: "The handlers that tasks can call: those of this server, and those that live workers hold." })
  handlers(@Ctx() { engine }: ApiContext): Promise<Handler[]> {
    return engine.handlers();
  }
}
