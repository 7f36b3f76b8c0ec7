/** No object in the context or in a task's JSON has the key __proto__. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { TaskDefinition } from "../definition.js";
import type { JsonValue } from "../json.js";
import { childrenOf, forbiddenKeyPaths } from "../jsonTree.js";
import type { ContextInput, RuleInput } from "./ruleInput.js";

export function noForbiddenContextKeys({ context }: ContextInput): Problem[] {
  return forbiddenKeyPaths(context, "context").map(forbidden);
}

export function noForbiddenKeys({ definition, tasks }: RuleInput): Problem[] {
  const paths = [
    ...forbiddenKeyPaths(definition.contextSchema, "contextSchema"),
    ...tasks.flatMap(({ task, path }) => taskValues(task, path).flatMap((place) => forbiddenKeyPaths(place.value, place.path))),
  ];
  return paths.map(forbidden);
}

function forbidden(path: string): Problem {
  return problem("FORBIDDEN_KEY", "An object has the key __proto__", path);
}

/** Literal values of an expansion's variables; their names are checked where variables are. */
function taskValues({ input, fallback, resultSchema, expansion, compensate }: TaskDefinition, path: string): { value: JsonValue | undefined; path: string }[] {
  const literals = (["array", "zip", "matrix"] as const).flatMap((kind) => childrenOf(expansion?.[kind] ?? {}, `${path}.expansion.${kind}`));
  const entries = (["exclude", "include"] as const).flatMap((option) =>
    (expansion?.[option] ?? []).flatMap((entry, at) => childrenOf(entry, `${path}.expansion.${option}[${at}]`)));
  const own = { input, fallback, resultSchema, "compensate.input": compensate?.input };
  return [...Object.entries(own).map(([field, value]) => ({ value, path: `${path}.${field}` })), ...literals, ...entries];
}
