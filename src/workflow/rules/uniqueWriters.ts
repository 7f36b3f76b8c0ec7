/** A context key is written by one task, unless it has a reducer, and declared by it once. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { writePath } from "../declaredTasks.js";
import type { DeclaredTask } from "../declaredTasks.js";
import type { RuleInput } from "./ruleInput.js";

export function uniqueWriters({ tasks, writers, reduced }: RuleInput): Problem[] {
  return tasks.flatMap((declared) => [...repeatedKeys(declared), ...foreignKeys(declared, writers, reduced)]);
}

function foreignKeys(declared: DeclaredTask, writers: ReadonlyMap<string, DeclaredTask>, reduced: RuleInput["reduced"]): Problem[] {
  return [...new Set([...declared.keys, ...declared.optionalKeys])].flatMap((key) => {
    const first = writers.get(key);
    if (first === undefined || first.index === declared.index || reduced.has(key)) return [];
    const hint = declared.task.resultKeys === undefined && key === declared.task.name
      ? `A task writes its own name unless it says otherwise: give ${declared.address} resultKeys of its own.`
      : undefined;
    const message = first.address === declared.address
      ? `Two tasks named ${declared.address} both write ${key}`
      : `${first.address} and ${declared.address} both write ${key}`;
    return [problem("DUPLICATE_WRITER", message, writePath(declared, key), hint)];
  });
}

function repeatedKeys({ task, address, path }: DeclaredTask): Problem[] {
  const places = [
    ...(task.resultKeys ?? []).map((key, at) => ({ key, path: `${path}.resultKeys[${at}]` })),
    ...task.optionalResultKeys.map((key, at) => ({ key, path: `${path}.optionalResultKeys[${at}]` })),
  ];
  const seen = new Set<string>();
  return places.flatMap((place) => {
    if (!seen.has(place.key)) {
      seen.add(place.key);
      return [];
    }
    return [problem("DUPLICATE_WRITER", `${address} lists the key ${place.key} twice`, place.path, "List each key once.")];
  });
}
