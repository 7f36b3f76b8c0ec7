/** Registered definitions: Mutation.registerDefinition, Query.definition and Query.definitions. */

import { Arg, Ctx, Int, Mutation, Query, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { WorkflowDefinitionInput } from "../inputs/WorkflowDefinitionInput.js";
import { PAGE_SIZE_DESCRIPTION, toConnection, toPageRequest } from "../paging.js";
import { toWorkflowDefinition } from "../present.js";
import { presentDefinition } from "../presentDefinition.js";
import { WorkflowDefinitionConnection } from "../types/connections.js";
import { RegisterDefinitionPayload } from "../types/payloads.js";
import { WorkflowDefinition } from "../types/WorkflowDefinition.js";

@Resolver()
export class RegisterDefinitionMutation {
  @Mutation(() => RegisterDefinitionPayload, {
    description: "Registers a definition under its name, to be submitted by it. Other content is the name's next version; the same content again is the version it was.",
  })
  async registerDefinition(
    @Ctx() { engine, caller }: ApiContext,
    @Arg("definition", () => WorkflowDefinitionInput, { description: "The definition." }) definition: WorkflowDefinitionInput,
  ): Promise<RegisterDefinitionPayload> {
    const { registered, problems } = await engine.registerDefinition(caller, toWorkflowDefinition(definition));
    return { definition: registered && presentDefinition(registered), problems };
  }
}

@Resolver()
export class DefinitionQuery {
  @Query(() => WorkflowDefinition, { nullable: true, description: "A registered definition; null when there is none of that name and version." })
  async definition(
    @Ctx() { engine, caller }: ApiContext,
    @Arg("name", () => String, { description: "The name it was registered under." }) name: string,
    @Arg("version", () => Int, { nullable: true, description: "By default the latest." }) version?: number | null,
  ): Promise<WorkflowDefinition | null> {
    const found = await engine.definition(caller, name, version ?? undefined);
    return found && presentDefinition(found);
  }
}

@Resolver()
export class DefinitionsQuery {
  @Query(() => WorkflowDefinitionConnection, { description: "The latest version of each registered definition, in the order of their names, by pages." })
  async definitions(
    @Ctx() { engine, caller }: ApiContext,
    @Arg("first", () => Int, { nullable: true, description: PAGE_SIZE_DESCRIPTION }) first?: number | null,
    @Arg("after", () => String, { nullable: true, description: "Only those behind this cursor." }) after?: string | null,
  ): Promise<WorkflowDefinitionConnection> {
    return toConnection(await engine.definitions(caller, toPageRequest({ first, after })), presentDefinition);
  }
}
