/** Registered definitions: named and numbered per tenant, never changed, so that whoever runs one gets what it was. */

import { problem } from "../errors.js";
import type { Problem } from "../errors.js";
import { definitionHash } from "../workflow/compilePlan.js";
import type { WorkflowDefinition } from "../workflow/definition.js";
import { definitionSchemaProblems } from "../workflow/schemas/definitionSchemas.js";
import { validateWorkflow } from "../workflow/validate.js";
import type { Caller, SubmitWorkflowInput } from "./Engine.js";
import type { ExpanderRegistry } from "./expanders.js";
import type { WorkerDirectory } from "./Fleet.js";
import type { HandlerRegistry } from "./handlers.js";
import { knownHandlersFor } from "./knownHandlers.js";
import type { Page, PageRequest } from "./snapshot.js";

export interface RegisteredDefinition {
  definition: WorkflowDefinition;
  /** 1 for the first of its name. */
  version: number;
  /** See Plan.hash. */
  hash: string;
  registeredMs: number;
}

/** Where registered definitions are kept. */
export interface DefinitionStore {
  register(tenant: string, definition: WorkflowDefinition, hash: string): Promise<{ version: number; registeredMs: number }>;
  /** @param version absent: the latest */
  find(tenant: string, name: string, version?: number): Promise<RegisteredDefinition | undefined>;
  /** The latest version of each name, in the order of the names. @throws FanwireError CURSOR_INVALID */
  list(tenant: string, page: PageRequest): Promise<Page<RegisteredDefinition>>;
}

export interface RegisterDefinitionOutcome {
  registered?: RegisteredDefinition;
  problems: Problem[];
}

export class DefinitionRegistry {
  constructor(private readonly services: { definitions: DefinitionStore; handlers: HandlerRegistry; directory: WorkerDirectory; expanders: ExpanderRegistry }) {}

  /** Refused with every problem that it would have whatever its context. The same content again gives the version it has. */
  async register({ tenant }: Caller, definition: WorkflowDefinition): Promise<RegisterDefinitionOutcome> {
    const known = await knownHandlersFor(definition, this.services.handlers, this.services.directory, this.services.expanders);
    const problems = [...validateWorkflow(definition, undefined, known), ...(await definitionSchemaProblems(definition, undefined))];
    if (problems.length > 0) return { problems };
    const hash = definitionHash(definition);
    const stored = await this.services.definitions.register(tenant, definition, hash);
    return { registered: { definition, hash, ...stored }, problems: [] };
  }

  find({ tenant }: Caller, name: string, version?: number): Promise<RegisteredDefinition | null> {
    return this.services.definitions.find(tenant, name, version).then((found) => found ?? null);
  }

  list({ tenant }: Caller, page: PageRequest): Promise<Page<RegisteredDefinition>> {
    return this.services.definitions.list(tenant, page);
  }

  /** What a submission means to run: exactly one of an inline definition and the name of a registered one. */
  async resolve(caller: Caller, input: SubmitWorkflowInput): Promise<{ definition: WorkflowDefinition; registered?: RegisteredDefinition } | { problems: Problem[] }> {
    const { definition, definitionName: name, definitionVersion: version } = input;
    if (definition !== undefined && name !== undefined) {
      return { problems: [problem("INVALID_VALUE", "There is a definition and the name of a registered one", "definitionName", "Give one of them.")] };
    }
    if (name === undefined && version !== undefined) {
      return { problems: [problem("REQUIRED", "There is the version of a registered definition, but not its name", "definitionName", "Give definitionName too.")] };
    }
    if (definition !== undefined) return { definition };
    if (name === undefined) return { problems: [problem("REQUIRED", "There is no definition to run.", "definition")] };
    const registered = await this.find(caller, name, version);
    if (registered) return { definition: registered.definition, registered };
    const known = version === undefined ? null : await this.find(caller, name);
    return { problems: [known
      ? problem("NOT_FOUND", `${name} has no version ${version}; the latest is ${known.version}`, "definitionVersion")
      : problem("NOT_FOUND", `No definition is registered as ${name}`, "definitionName")] };
  }
}
