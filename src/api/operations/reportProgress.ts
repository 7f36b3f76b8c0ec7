/** Tells how far a task is: Mutation.reportProgress. */

import { Arg, Ctx, Info, Mutation, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { ApiContext } from "../context.js";
import { ReportProgressInput } from "../inputs/ReportProgressInput.js";
import { toOptionalJson } from "../present.js";
import { toTaskPayload } from "../presentWorkers.js";
import { selects } from "../selection.js";
import { TaskPayload } from "../types/TaskPayload.js";

@Resolver()
export class ReportProgressMutation {
  @Mutation(() => TaskPayload, { description: "Tells those who watch how far a task is. Does not extend its lease." })
  async reportProgress(
    @Ctx() { workers, caller, reads, engine }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("input", () => ReportProgressInput, { description: "Which task, and how far." }) { claim, percent, message, data }: ReportProgressInput,
  ): Promise<TaskPayload> {
    const progress = { percent: percent ?? undefined, message: message ?? undefined, data: toOptionalJson(data) };
    return toTaskPayload({ reads, engine }, await workers.reportProgress(caller, { claim, ...progress }), selects(info, [""], ["task"]));
  }
}
