/** How expanders are written in TypeScript: code that gives the items of a custom expansion. */

import { checkExpander, type Expander, type ExpanderContext } from "../workflow/expander.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import { fitted, type InferOutput, type StandardSchema } from "./standardSchema.js";

export interface ExpanderDefinition<Args extends StandardSchema | undefined = undefined> {
  /** What definitions name: letters, digits and `_ . : -`, the first a letter or `_`. */
  name: string;
  /** For people. */
  description?: string;
  /** What the definition's `args` must be; `expand` gets what the schema makes of them. Others fail the task with INPUT_INVALID. */
  args?: Args;
  /** How long it may take, in ms: 1 to 600,000, by default 30,000. */
  timeoutMs?: number;
  /** The variables of each item, in item order, at most 1,000,000. What it throws fails the task's attempt; see Expander. */
  expand(context: ExpanderContext<Args extends StandardSchema ? InferOutput<Args> : JsonValue>): readonly JsonObject[] | Promise<readonly JsonObject[]>;
}

/** @throws FanwireError INVALID_VALUE for a name or a time limit that cannot be */
export function defineExpander<Args extends StandardSchema | undefined = undefined>(definition: ExpanderDefinition<Args>): Expander {
  const { name, description = "", args, timeoutMs } = definition;
  const expand = definition.expand.bind(definition) as (context: ExpanderContext<unknown>) => readonly JsonObject[] | Promise<readonly JsonObject[]>;
  return checkExpander({
    name, description, ...(timeoutMs === undefined ? {} : { timeoutMs }),
    expand: args ? async (context) => expand({ ...context, args: await fitted(args, context.args, `What the expander ${name} is given`, "INPUT_INVALID") }) : expand,
  });
}
