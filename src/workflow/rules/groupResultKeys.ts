/** What an expanded group hands out is written inside it; only an expanded group hands out anything. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { declaredGroups } from "../declaredGroups.js";
import { nearMiss } from "../nearMiss.js";
import type { RuleInput } from "./ruleInput.js";

export function groupResultKeys({ definition, tasks, scopes }: RuleInput): Problem[] {
  const misplaced = declaredGroups(definition).flatMap(({ group, path, address }) => (group.resultKeys === undefined || group.expansion !== undefined ? [] : [
    problem("INVALID_VALUE", `Group ${address} has resultKeys, but is not expanded`, `${path}.resultKeys`, "Remove them: what its tasks write stands in the context anyway."),
  ]));
  const unknown = tasks.flatMap(({ kind, index, group, path, address }) => {
    if (kind !== "GROUP") return [];
    const inside = [...(scopes.get(index)?.writers.keys() ?? [])];
    return (group.resultKeys ?? []).flatMap((key, at) => {
      if (inside.includes(key)) return [];
      const near = nearMiss(key, inside);
      return [problem("UNKNOWN_KEY", `Group ${address} hands out ${key}, which no task in it writes`, `${path}.resultKeys[${at}]`,
        near === undefined ? "Name a key that one of its tasks writes." : `Did you mean ${near}?`)];
    });
  });
  return [...misplaced, ...unknown];
}
