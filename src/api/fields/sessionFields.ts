/** The fields of a session, each a read of its own, and the session of a workflow. */

import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import type { JsonObject } from "../../workflow/json.js";
import type { ApiContext } from "../context.js";
import { PAGE_SIZE_DESCRIPTION, toConnection, toPageRequest } from "../paging.js";
import { presentSession, presentWorkflow } from "../present.js";
import { JSONScalar } from "../scalars.js";
import { WorkflowConnection } from "../types/connections.js";
import { Session } from "../types/Session.js";
import { Workflow } from "../types/Workflow.js";

@Resolver(() => Session)
export class SessionFields {
  @FieldResolver(() => JSONScalar, {
    description: "An object of the keys that its workflows exported; of each the value of the workflow that completed last.",
  })
  context(@Root() { id }: Session, @Ctx() { engine, caller }: ApiContext): Promise<JsonObject> {
    return engine.sessionContext(caller, id);
  }

  @FieldResolver(() => WorkflowConnection, { description: "Its workflows, the newest first, by pages." })
  async workflows(
    @Root() { id }: Session,
    @Ctx() { engine, caller }: ApiContext,
    @Arg("first", () => Int, { nullable: true, description: PAGE_SIZE_DESCRIPTION }) first?: number | null,
    @Arg("after", () => String, { nullable: true, description: "Only those behind this cursor." }) after?: string | null,
  ): Promise<WorkflowConnection> {
    return toConnection(await engine.workflows(caller, { sessionId: id }, toPageRequest({ first, after })), presentWorkflow);
  }
}

@Resolver(() => Workflow)
export class SessionOfWorkflow {
  @FieldResolver(() => Session, { description: "The session it was submitted to; without a sessionId it has one of its own." })
  session(@Root() { sessionId }: Workflow): Session {
    return presentSession(sessionId);
  }
}
