/** A context key is written by one task, unless it has a reducer, and declared by it once. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { writePath } from "../declaredTasks.js";
import type { DeclaredTask } from "../declaredTasks.js";
import type { DeclaredScope } from "../scopes.js";
import { variablesOf } from "../TaskExpansion.js";
import type { RuleInput } from "./ruleInput.js";

export function uniqueWriters({ tasks, scopes, reducerKeys }: RuleInput): Problem[] {
  return tasks.flatMap((declared) => {
    const scope = scopes.get(declared.scope) as DeclaredScope;
    return [...repeatedKeys(declared), ...foreignKeys(declared, scope.writers, reducerKeys), ...variableKeys(declared, scope)];
  });
}

/** Inside an expanded group the name of its item's variable means the variable, always. */
function variableKeys(declared: DeclaredTask, { owner }: DeclaredScope): Problem[] {
  const expansion = owner?.task.expansion;
  if (owner === undefined || expansion === undefined) return [];
  const variables = Object.keys(variablesOf(expansion));
  return [...declared.keys, ...declared.optionalKeys].filter((key) => variables.includes(key)).map((key) =>
    problem("DUPLICATE_WRITER", `${declared.address} writes ${key}, which is a variable of the expansion of ${owner.address}`, writePath(declared, key),
      "Name the variable or the key otherwise."));
}

function foreignKeys(declared: DeclaredTask, writers: ReadonlyMap<string, DeclaredTask>, reducerKeys: ReadonlySet<string>): Problem[] {
  return [...new Set([...declared.keys, ...declared.optionalKeys])].flatMap((key) => {
    const first = writers.get(key);
    if (first === undefined || first.index === declared.index || reducerKeys.has(key)) return [];
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
