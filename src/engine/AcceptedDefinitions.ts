/** Definitions that were accepted lately: when one comes again, with other values in its context, it need not be checked and compiled again. */

import { compilePlan } from "../workflow/compilePlan.js";
import type { WorkflowDefinition } from "../workflow/definition.js";
import { isObject, type JsonValue } from "../workflow/json.js";
import type { Plan } from "../workflow/plan.js";

/** Text kept, over all definitions, in characters. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** Stands for a definition with a context of such keys; absent for one that is not to be remembered. */
export type AcceptedKey = string | undefined;

export class AcceptedDefinitions {
  /** In order of last use. */
  readonly #plans = new Map<string, Plan>();
  #characters = 0;

  /** @param maxCharacters text kept, over all definitions */
  constructor(private readonly maxCharacters = MAX_CHARACTERS) {}

  /** Which keys a context has decides with its definition about almost all that can be wrong with it. */
  keyOf(definition: WorkflowDefinition, context: JsonValue): AcceptedKey {
    if (!isObject(context)) return undefined;
    try {
      return `${JSON.stringify(Object.keys(context).sort())}${JSON.stringify(definition)}`;
    } catch {
      // Nested deeper than the stack is.
      return undefined;
    }
  }

  planOf(key: AcceptedKey): Plan | undefined {
    const plan = key === undefined ? undefined : this.#plans.get(key);
    if (key === undefined || !plan) return undefined;
    this.#plans.delete(key);
    this.#plans.set(key, plan);
    return plan;
  }

  /** Compiles what has no problem. @param key absent: what it may name is not for ever known here, so that it is asked again each time */
  accept(key: AcceptedKey, definition: WorkflowDefinition): Plan {
    const plan = compilePlan(definition);
    if (key === undefined || key.length > this.maxCharacters || this.#plans.has(key)) return plan;
    this.#plans.set(key, plan);
    this.#characters += key.length;
    while (this.#characters > this.maxCharacters) {
      const oldest = this.#plans.keys().next().value as string;
      this.#plans.delete(oldest);
      this.#characters -= oldest.length;
    }
    return plan;
  }
}
