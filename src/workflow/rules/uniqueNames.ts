/** Each group has its own name among its neighbours, each task within its group. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { declaredGroups } from "../declaredGroups.js";
import type { TaskGroupDefinition } from "../definition.js";
import type { RuleInput } from "./ruleInput.js";

export function uniqueNames({ definition }: RuleInput): Problem[] {
  return [
    ...repeatedGroups(definition.groups, ""),
    ...declaredGroups(definition).flatMap(({ group, path, address }) => [
      ...repeats(group.tasks).map(({ name, first, at }) =>
        problem("DUPLICATE_NAME", `tasks[${first}] and tasks[${at}] of group ${address} are both named ${name}`, `${path}.tasks[${at}].name`)),
      ...repeatedGroups(group.groups ?? [], `${path}.`),
      ...sharedWithTasks(group, path, address),
    ]),
  ];
}

function repeatedGroups(groups: readonly TaskGroupDefinition[], path: string): Problem[] {
  return repeats(groups).map(({ name, first, at }) =>
    problem("DUPLICATE_NAME", `${path}groups[${first}] and ${path}groups[${at}] are both named ${name}`, `${path}groups[${at}].name`));
}

/** A nested group and a task beside it would have the same address. */
function sharedWithTasks(group: TaskGroupDefinition, path: string, address: string): Problem[] {
  const tasks = new Set(group.tasks.map(({ name }) => name));
  return (group.groups ?? []).flatMap(({ name }, at) => (!tasks.has(name) ? [] : [
    problem("DUPLICATE_NAME", `Group ${address} has a task and a nested group that are both named ${name}`, `${path}.groups[${at}].name`)]));
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
