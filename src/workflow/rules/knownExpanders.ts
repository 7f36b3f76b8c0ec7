/** Every expander that a custom expansion names is registered in some process that lives. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { nearMiss } from "../nearMiss.js";
import { expansionsOf } from "./ruleInput.js";
import type { RuleInput } from "./ruleInput.js";

export function knownExpanders(input: RuleInput): Problem[] {
  const { expanders } = input.handlers;
  if (!expanders) return [];
  return expansionsOf(input).flatMap(({ declared, expansion, path }) => {
    const name = expansion.custom?.expander;
    if (name === undefined || expanders.has(name)) return [];
    const near = nearMiss(name, expanders.names());
    return [problem("UNKNOWN_EXPANDER", `${declared.address} names the expander ${name.slice(0, 128)}, which is not known`, `${path}.custom.expander`,
      near === undefined ? undefined : `Did you mean ${near}?`)];
  });
}
