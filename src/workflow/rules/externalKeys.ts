/** External keys have names that keys may have, each once, and no task writes them. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { FORBIDDEN_KEY } from "../json.js";
import type { RuleInput } from "./ruleInput.js";

export function externalKeys({ definition, writers }: RuleInput): Problem[] {
  const keys = definition.externalKeys ?? [];
  const first = new Map<string, number>();
  keys.forEach((key, at) => { if (!first.has(key)) first.set(key, at); });
  return keys.flatMap((key, at) => {
    const path = `externalKeys[${at}]`;
    if (key === FORBIDDEN_KEY) return [problem("FORBIDDEN_KEY", `externalKeys has the key ${key}`, path)];
    if (key === "") return [problem("INVALID_NAME", "externalKeys has an empty key", path, "Name the key, or remove the entry.")];
    if (first.get(key) !== at) return [problem("DUPLICATE_NAME", `externalKeys lists ${key} twice`, path, "List each key once.")];
    const writer = writers.get(key);
    if (writer === undefined) return [];
    return [problem("DUPLICATE_WRITER", `${writer.address} writes ${key}, which externalKeys says comes from outside`, path)];
  });
}
