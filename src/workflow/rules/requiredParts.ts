/** A workflow has a name and at least one group, a group at least one task or nested group, a task a handler. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { declaredGroups } from "../declaredGroups.js";
import type { RuleInput } from "./ruleInput.js";

export function requiredParts({ definition, tasks }: RuleInput): Problem[] {
  const problems: Problem[] = [];
  if (definition.name.trim() === "") problems.push(problem("REQUIRED", "The workflow has no name", "name", "Give it a name."));
  if (definition.groups.length === 0) {
    problems.push(problem("REQUIRED", "The workflow has no task group", "groups", "Add a group with at least one task."));
  }
  for (const { group, path, address } of declaredGroups(definition)) {
    if (group.tasks.length > 0 || (group.groups ?? []).length > 0) continue;
    problems.push(problem("REQUIRED", `Group ${address} has no task`, `${path}.tasks`, "Add a task to it, or remove the group."));
  }
  for (const { task, address, path } of tasks) {
    if (task.handler.trim() !== "") continue;
    problems.push(problem("REQUIRED", `Task ${address} names no handler`, `${path}.handler`, "Name one that the query `handlers` lists."));
  }
  return problems;
}
