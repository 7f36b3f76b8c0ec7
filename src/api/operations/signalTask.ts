/** Answers a task that waits for somebody: Mutation.signalTask. */

import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { SignalTaskInput } from "../inputs/SignalTaskInput.js";
import { presentTask, toOptionalJson } from "../present.js";
import { TaskPayload } from "../types/TaskPayload.js";

@Resolver()
export class SignalTaskMutation {
  @Mutation(() => TaskPayload, {
    description: "Answers a task, or an item of one, that waits for a signal or an approval. The first answer counts; a second one is a problem.",
  })
  async signalTask(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Arg("input", () => SignalTaskInput, { description: "Which task, and the answer." }) { workflowId, task, payload, outcome }: SignalTaskInput,
  ): Promise<TaskPayload> {
    const { address, problems } = await engine.signalTask(caller, { workflowId, task, payload: toOptionalJson(payload), outcome: outcome ?? "APPROVE" });
    if (address === undefined) return { problems };
    reads.forget(workflowId);
    const detail = await reads.detail(workflowId);
    const found = detail ? await engine.task(detail, address) : undefined;
    return { task: found && presentTask(found), problems };
  }
}
