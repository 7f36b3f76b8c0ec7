/** A task does not wait for what it writes itself, nor runs after itself. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { DeclaredTask } from "../declaredTasks.js";
import { afterResolver } from "../edges.js";
import type { DeclaredScope } from "../scopes.js";
import type { RuleInput } from "./ruleInput.js";

export function noSelfDependencies({ tasks, scopes, reducerKeys, contextKeys }: RuleInput): Problem[] {
  const resolve = afterResolver(tasks);
  return tasks.flatMap((declared) => [
    ...ownKeys(declared, scopes.get(declared.scope) as DeclaredScope, reducerKeys, contextKeys),
    ...declared.task.after.flatMap((name, at) => (resolve(declared, name)?.index === declared.index
      ? [problem("SELF_DEPENDENCY", `${declared.address} runs after itself`, `${declared.path}.after[${at}]`, "Remove it from `after`.")]
      : [])),
  ]);
}

/** A key that the initial context holds too is left to the rule about such keys, unless it has a reducer. */
function ownKeys(
  declared: DeclaredTask, { owner, writers }: DeclaredScope, reducerKeys: ReadonlySet<string>, contextKeys: ReadonlySet<string> | undefined,
): Problem[] {
  const given = owner === undefined ? contextKeys : undefined;
  const writes = new Set([...declared.keys, ...declared.optionalKeys]);
  const isOwn = (name: string): boolean => writes.has(name) && (reducerKeys.has(name) || (writers.get(name)?.index === declared.index && !given?.has(name)));
  const places = new Map(declared.reads
    .filter(({ name, need }) => need !== "VARIABLE" && isOwn(name))
    .map((read) => [JSON.stringify([read.path, read.name]), read]));
  return [...places.values()].map(({ name, path }) => {
    const message = path.startsWith(declared.path)
      ? `${declared.address} reads ${name}, which it writes itself`
      : `Group ${declared.group.name} waits for ${name}, which its own task ${declared.address} writes`;
    return problem("SELF_DEPENDENCY", message, path);
  });
}
