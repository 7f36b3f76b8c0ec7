/** Names of groups and tasks have a safe form; context keys may be any text that is not empty. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { declaredGroups } from "../declaredGroups.js";
import type { DeclaredTask } from "../declaredTasks.js";
import { FORBIDDEN_KEY } from "../json.js";
import { MAX_NAME_LENGTH } from "../limits.js";
import type { RuleInput } from "./ruleInput.js";

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

export function validNames({ definition, tasks }: RuleInput): Problem[] {
  return [
    ...declaredGroups(definition).flatMap(({ group, path, address }) => [
      ...nameProblems("Group", group.name, `${path}.name`),
      ...keyProblems(group.dependencies, `${path}.dependencies`, `group ${address}`),
    ]),
    ...tasks.flatMap(taskProblems),
  ];
}

function taskProblems({ kind, task, path, address }: DeclaredTask): Problem[] {
  const owner = kind === "GROUP" ? `group ${address}` : `task ${address}`;
  return [
    ...(kind === "GROUP" ? [] : nameProblems("Task", task.name, `${path}.name`)),
    ...keyProblems(task.resultKeys ?? [], `${path}.resultKeys`, owner),
    ...keyProblems(task.optionalResultKeys, `${path}.optionalResultKeys`, owner),
    ...keyProblems(task.dependencies, `${path}.dependencies`, owner),
    ...keyProblems(task.optionalDependencies, `${path}.optionalDependencies`, owner),
  ];
}

function nameProblems(kind: string, name: string, path: string): Problem[] {
  if (name === FORBIDDEN_KEY) return [problem("FORBIDDEN_KEY", `${kind} ${name} has a name that may not be used`, path)];
  if (NAME.test(name) && name.length <= MAX_NAME_LENGTH) return [];
  return [problem("INVALID_NAME", `${kind} name ${JSON.stringify(shortened(name))} is not allowed`, path)];
}

function keyProblems(keys: readonly string[], path: string, owner: string): Problem[] {
  return keys.flatMap((key, at) => {
    if (key === FORBIDDEN_KEY) return [problem("FORBIDDEN_KEY", `${owner} uses the context key ${key}`, `${path}[${at}]`)];
    if (key !== "") return [];
    return [problem("INVALID_NAME", `${owner} uses an empty context key`, `${path}[${at}]`, "Name the key, or remove the entry.")];
  });
}

function shortened(name: string): string {
  return name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, 40)}... (${name.length} characters)`;
}
