/** Supplies external keys of a running workflow: Mutation.provideContext. */

import { Arg, Ctx, ID, Info, Mutation, Resolver } from "type-graphql";
import type { GraphQLResolveInfo } from "graphql";
import type { JsonValue } from "../../workflow/json.js";
import type { ApiContext } from "../context.js";
import { readWorkflow } from "../readWorkflow.js";
import { JSONScalar } from "../scalars.js";
import { WorkflowPayload } from "../types/payloads.js";

@Resolver()
export class ProvideContextMutation {
  @Mutation(() => WorkflowPayload, {
    description: "Gives values to context keys that the definition lists in externalKeys, all of them or none, and wakes the tasks that wait for them. The first value of a key stays.",
  })
  async provideContext(
    @Ctx() { engine, caller, reads }: ApiContext,
    @Info() info: GraphQLResolveInfo,
    @Arg("id", () => ID, { description: "The workflow's id." }) id: string,
    @Arg("values", () => JSONScalar, { description: "An object of key to value, each at most 1 MiB as JSON." }) values: JsonValue,
  ): Promise<WorkflowPayload> {
    const { problems } = await engine.provideContext(caller, id, values);
    reads.forget(id);
    return { workflow: (await readWorkflow(reads, id, info, "workflow")) ?? undefined, problems };
  }
}
