/** Sub-workflows of the reference: whether one can be submitted, and what comes of it, is told at once. */

import type { StartChild } from "../../src/engine/children.js";
import { FanwireError } from "../../src/errors.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import { isObject, type JsonObject, type JsonValue } from "../../src/workflow/json.js";
import { definitionSchemaProblems } from "../../src/workflow/schemas/definitionSchemas.js";
import { validateWorkflow } from "../../src/workflow/validate.js";
import { faults } from "./faults.js";
import { TooMuch, type ModelChild, type ModelOutcome } from "./outcome.js";

/** Of all workflows that one case runs, at any depth. */
const MOST_CHILDREN = 6;

/** What is registered, and how many have been run: the same for a workflow and all below it. */
export class Children {
  readonly #versions = new Map<string, WorkflowDefinition[]>();
  #count = 0;

  /** @param definitions the versions of a name in their order */
  constructor(definitions: readonly WorkflowDefinition[]) {
    for (const definition of definitions) this.#versions.set(definition.name, [...(this.#versions.get(definition.name) ?? []), definition]);
  }

  /**
   * @param unit the address of the task or item that it runs for
   * @throws FanwireError CHILD_INVALID; TooMuch
   */
  async run(asked: StartChild, { unit, attempt }: { unit: string; attempt: number }, runModel: (definition: WorkflowDefinition, context: JsonObject) => Promise<ModelOutcome>): Promise<ModelChild> {
    const definition = this.#find(asked, unit);
    const context = asked.context ?? {};
    if (!isObject(context) || faults(definition, context).length > 0) throw invalid(unit, definition.name, await problemOf(definition, context));
    this.#count += 1;
    if (this.#count > MOST_CHILDREN) throw new TooMuch();
    return { unit, attempt, definition, context, outcome: await runModel(definition, context) };
  }

  #find({ definitionName: name, version }: StartChild, unit: string): WorkflowDefinition {
    const versions = this.#versions.get(name) ?? [];
    const found = version === undefined ? versions.at(-1) : versions[version - 1];
    if (found) return found;
    throw invalid(unit, name, versions.length === 0 ? `No definition is registered as ${name}` : `${name} has no version ${version}; the latest is ${versions.length}`);
  }
}

/** @throws FanwireError CHILD_FAILED @param address of the task, also for an item */
export function resultOf({ outcome }: ModelChild, address: string): JsonObject {
  if (outcome.status === "FAILED") throw new FanwireError("CHILD_FAILED", `The workflow that ${address} ran ended FAILED`, { retryable: true });
  return Object.fromEntries(Object.keys(outcome.context).sort().map((key) => [key, outcome.context[key] as JsonValue]));
}

function invalid(unit: string, name: string, why: string): FanwireError {
  return new FanwireError("CHILD_INVALID", `${unit} cannot run ${name}: ${why}`, { retryable: false });
}

/** Only its words are taken from what is tested. */
async function problemOf(definition: WorkflowDefinition, context: JsonValue): Promise<string> {
  const known = { has: () => true, names: () => [] };
  const problems = [...validateWorkflow(definition, context, { ...known, expanders: known }), ...(await definitionSchemaProblems(definition, context))];
  return problems[0]?.message ?? "it has no problem";
}
