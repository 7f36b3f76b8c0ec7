/** No object in the context or in a task's JSON has the key __proto__. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { TaskDefinition } from "../definition.js";
import type { JsonValue } from "../json.js";
import { childrenOf, forbiddenKeyPaths } from "../jsonTree.js";
import type { RuleInput } from "./ruleInput.js";

export function noForbiddenKeys({ definition, context, tasks }: RuleInput): Problem[] {
  const paths = [
    ...forbiddenKeyPaths(context, "context"),
    ...forbiddenKeyPaths(definition.contextSchema, "contextSchema"),
    ...tasks.flatMap(({ task, path }) => taskValues(task, path).flatMap((place) => forbiddenKeyPaths(place.value, place.path))),
  ];
  return paths.map((path) => problem("FORBIDDEN_KEY", "An object has the key __proto__", path));
}

/** Literal values of an expansion's variables; their names are checked where variables are. */
function taskValues({ input, fallback, resultSchema, expansion, compensate }: TaskDefinition, path: string): { value: JsonValue | undefined; path: string }[] {
  const literals = (["array", "zip", "matrix"] as const).flatMap((kind) => childrenOf(expansion?.[kind] ?? {}, `${path}.expansion.${kind}`));
  const entries = (["exclude", "include"] as const).flatMap((option) =>
    (expansion?.[option] ?? []).flatMap((entry, at) => childrenOf(entry, `${path}.expansion.${option}[${at}]`)));
  const own = { input, fallback, resultSchema, "compensate.input": compensate?.input };
  return [...Object.entries(own).map(([field, value]) => ({ value, path: `${path}.${field}` })), ...literals, ...entries];
}
