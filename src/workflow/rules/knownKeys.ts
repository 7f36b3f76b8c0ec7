/** Every key that a task cannot do without is in the initial context or is written by some task. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { MAX_HINTS } from "../limits.js";
import { nearMiss } from "../nearMiss.js";
import { resolveName } from "../scopes.js";
import type { DeclaredScope } from "../scopes.js";
import type { RuleInput } from "./ruleInput.js";

/** A read of a key that neither the context nor any task provides. */
export interface UnknownRead {
  readonly name: string;
  readonly path: string;
  /** Address of the task that reads it, or the group whose tasks all wait for it. */
  readonly reader: string;
}

export function knownKeys(input: RuleInput): Problem[] {
  if (input.contextKeys === undefined) return [];
  const candidates = [...input.contextKeys, ...input.writers.keys(), ...(input.definition.externalKeys ?? [])];
  return unknownReads(input).map(({ name, path, reader }, at) =>
    problem("UNKNOWN_KEY", `${reader} reads ${name}, which is not in the context or in externalKeys and which no task writes`, path,
      at < MAX_HINTS ? hintFor(name, candidates) : undefined));
}

/** Required reads without a provider, each place once; a group's dependency counts once for the whole group. */
export function unknownReads({ definition, tasks, contextKeys, scopes }: RuleInput): UnknownRead[] {
  const external = new Set(definition.externalKeys);
  const found = new Map<string, UnknownRead>();
  for (const { reads, address, group, path, scope } of tasks) {
    const from = scopes.get(scope) as DeclaredScope;
    for (const read of reads) {
      if (read.need !== "REQUIRED" || contextKeys?.has(read.name) || external.has(read.name) || read.name === "") continue;
      if (resolveName(from, read.name).scope.writers.has(read.name)) continue;
      const reader = read.path.startsWith(path) ? address : `Group ${group.name}`;
      found.set(JSON.stringify([read.path, read.name]), { name: read.name, path: read.path, reader });
    }
  }
  return [...found.values()];
}

export function hintFor(name: string, candidates: readonly string[]): string | undefined {
  const near = nearMiss(name, candidates);
  if (near !== undefined) return `Did you mean ${near}?`;
  const split = candidates.find((key) => key.split("-").includes(name));
  return split === undefined ? undefined : `The key ${split} has to be quoted in an expression: \`${split}\` in backticks.`;
}
