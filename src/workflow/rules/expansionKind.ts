/** An expansion is exactly one of array, zip, matrix and custom. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { expansionsOf } from "./ruleInput.js";
import type { RuleInput } from "./ruleInput.js";

const KINDS = ["array", "zip", "matrix", "custom"] as const;

export function expansionKind(input: RuleInput): Problem[] {
  return expansionsOf(input).flatMap(({ declared, expansion, path }) => {
    const given = KINDS.filter((kind) => expansion[kind] !== undefined);
    if (given.length === 1) return [];
    const message = given.length === 0
      ? `The expansion of ${declared.address} has none of array, zip, matrix and custom`
      : `The expansion of ${declared.address} has ${given.join(" and ")}`;
    return [problem("EXPANSION_KIND", message, path, "Give exactly one of array, zip, matrix and custom.")];
  });
}
