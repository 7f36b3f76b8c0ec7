/** A task whose failure policy is FALLBACK says what to fall back to. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { RuleInput } from "./ruleInput.js";

export function fallbackGiven({ tasks }: RuleInput): Problem[] {
  return tasks.flatMap(({ task, address, path }) => (task.onFailure === "FALLBACK" && task.fallback === undefined
    ? [problem("FALLBACK_MISSING", `${address} has onFailure FALLBACK, but no fallback`, `${path}.fallback`,
      "Give the result to record when it fails; null is one.")]
    : []));
}
