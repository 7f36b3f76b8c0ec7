/** A task does not wait for what it writes itself, nor runs after itself. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { DeclaredTask } from "../declaredTasks.js";
import { afterResolver } from "../edges.js";
import type { RuleInput } from "./ruleInput.js";

export function noSelfDependencies({ tasks, writers, reduced, contextKeys }: RuleInput): Problem[] {
  const resolve = afterResolver(tasks);
  return tasks.flatMap((declared) => [
    ...ownKeys(declared, writers, reduced, contextKeys),
    ...declared.task.after.flatMap((name, at) => (resolve(declared, name)?.index === declared.index
      ? [problem("SELF_DEPENDENCY", `${declared.address} runs after itself`, `${declared.path}.after[${at}]`, "Remove it from `after`.")]
      : [])),
  ]);
}

/** A key that the initial context holds too is left to the rule about such keys, unless it has a reducer. */
function ownKeys(
  declared: DeclaredTask, writers: ReadonlyMap<string, DeclaredTask>, reduced: RuleInput["reduced"], contextKeys: ReadonlySet<string> | undefined,
): Problem[] {
  const isOwn = (name: string): boolean =>
    reduced.get(name)?.includes(declared) ?? (writers.get(name)?.index === declared.index && !contextKeys?.has(name));
  const places = new Map(declared.reads
    .filter(({ name }) => isOwn(name))
    .map((read) => [JSON.stringify([read.path, read.name]), read]));
  return [...places.values()].map(({ name, path }) => {
    const message = path.startsWith(declared.path)
      ? `${declared.address} reads ${name}, which it writes itself`
      : `Group ${declared.group.name} waits for ${name}, which its own task ${declared.address} writes`;
    return problem("SELF_DEPENDENCY", message, path);
  });
}
