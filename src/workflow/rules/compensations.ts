/** A compensation names a handler, and reads only keys that there may be. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { MAX_HINTS } from "../limits.js";
import { resolveName } from "../scopes.js";
import type { DeclaredScope } from "../scopes.js";
import { hintFor } from "./knownKeys.js";
import type { RuleInput } from "./ruleInput.js";

export function compensations(input: RuleInput): Problem[] {
  const missing = input.tasks.flatMap(({ task, address, path }) => (task.compensate?.handler.trim() === ""
    ? [problem("REQUIRED", `The compensation of ${address} names no handler`, `${path}.compensate.handler`, "Name one that the query `handlers` lists.")]
    : []));
  return [...missing, ...unknownKeys(input)];
}

function unknownKeys({ tasks, contextKeys, writers, definition, scopes }: RuleInput): Problem[] {
  if (contextKeys === undefined) return [];
  const external = new Set(definition.externalKeys);
  const known = [...contextKeys, ...writers.keys(), ...external];
  const unknown = tasks.flatMap(({ address, compensationReads, scope }) => compensationReads
    .filter(({ name, need }) => need === "REQUIRED" && name !== "" && !contextKeys.has(name) && !external.has(name))
    .filter(({ name }) => !resolveName(scopes.get(scope) as DeclaredScope, name).scope.writers.has(name))
    .map((read) => ({ ...read, address })));
  return unknown.map(({ name, path, address }, at) => problem("UNKNOWN_KEY", `The compensation of ${address} reads ${name}, which is not in the context or in externalKeys and which no task writes`,
    path, at < MAX_HINTS ? hintFor(name, known) : undefined));
}
