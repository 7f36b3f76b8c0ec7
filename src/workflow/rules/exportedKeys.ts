/** What a workflow exports to its session is a key that it may have: of a task, from outside, or of its initial context; each once. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { FORBIDDEN_KEY } from "../json.js";
import { MAX_HINTS } from "../limits.js";
import { nearMiss } from "../nearMiss.js";
import type { RuleInput } from "./ruleInput.js";

export function exportedKeys({ definition, writers, contextKeys }: RuleInput): Problem[] {
  const { exports = [], externalKeys = [] } = definition;
  const known = new Set([...writers.keys(), ...externalKeys, ...(contextKeys ?? [])]);
  const seen = new Set<string>();
  return exports.flatMap((key, at): Problem[] => {
    const path = `exports[${at}]`;
    if (key === FORBIDDEN_KEY) return [problem("FORBIDDEN_KEY", `exports has the key ${key}`, path)];
    if (seen.has(key)) return [problem("DUPLICATE_NAME", `exports lists ${key} twice`, path, "List each key once.")];
    seen.add(key);
    // Of a context that is not known yet nothing can be said.
    if (known.has(key) || contextKeys === undefined) return [];
    const near = at < MAX_HINTS ? nearMiss(key, [...known]) : undefined;
    return [problem("UNKNOWN_KEY", `exports names ${key}, which no task writes and which is neither in the context nor in externalKeys`, path,
      near === undefined ? undefined : `Did you mean ${near}?`)];
  });
}
