/** Each group has its own name within the workflow, each task within its group. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { RuleInput } from "./ruleInput.js";

export function uniqueNames({ definition }: RuleInput): Problem[] {
  const problems = repeats(definition.groups).map(({ name, first, at }) =>
    problem("DUPLICATE_NAME", `groups[${first}] and groups[${at}] are both named ${name}`, `groups[${at}].name`));
  definition.groups.forEach((group, index) => {
    for (const { name, first, at } of repeats(group.tasks)) {
      problems.push(problem("DUPLICATE_NAME", `tasks[${first}] and tasks[${at}] of group ${group.name} are both named ${name}`,
        `groups[${index}].tasks[${at}].name`));
    }
  });
  return problems;
}

function repeats(named: readonly { name: string }[]): { name: string; first: number; at: number }[] {
  const firstAt = new Map<string, number>();
  return named.flatMap(({ name }, at) => {
    const first = firstAt.get(name);
    if (first !== undefined) return [{ name, first, at }];
    firstAt.set(name, at);
    return [];
  });
}
