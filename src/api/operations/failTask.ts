/** Records a failed attempt: Mutation.failTask. */

import { Arg, Ctx, Info, Mutation, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { ApiContext } from "../context.js";
import { FailTaskInput } from "../inputs/FailTaskInput.js";
import { toOptionalJson } from "../present.js";
import { toTaskPayload } from "../presentWorkers.js";
import { selects } from "../selection.js";
import { TaskPayload } from "../types/TaskPayload.js";

@Resolver()
export class FailTaskMutation {
  @Mutation(() => TaskPayload, { description: "Records that an attempt failed; whether there is another one is for the task's retry policy to say." })
  async failTask(
    @Ctx() { workers, caller, reads, engine }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("input", () => FailTaskInput, { description: "Which task, and why." }) { claim, code, message, retryable, details }: FailTaskInput,
  ): Promise<TaskPayload> {
    const failure = { claim, code: code ?? undefined, message, retryable: retryable ?? true, details: toOptionalJson(details) };
    return toTaskPayload({ reads, engine }, await workers.failTask(caller, failure), selects(info, [""], ["task"]));
  }
}
