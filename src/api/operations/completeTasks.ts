/** Records results: Mutation.completeTasks. */

import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { CompleteTasksInput } from "../inputs/CompleteTasksInput.js";
import { CompleteTasksPayload } from "../types/workerPayloads.js";

@Resolver()
export class CompleteTasksMutation {
  @Mutation(() => CompleteTasksPayload, { description: "Records results of tasks. May be sent again when no answer came: each is recorded once." })
  completeTasks(
    @Ctx() { workers, caller }: ApiContext,
    @Arg("input", () => CompleteTasksInput, { description: "Which tasks, and their results." }) { results }: CompleteTasksInput,
  ): Promise<CompleteTasksPayload> {
    return workers.completeTasks(caller, results.map(({ claim, result }) => ({ claim, result: result ?? null })));
  }
}
