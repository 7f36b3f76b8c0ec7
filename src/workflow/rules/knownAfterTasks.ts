/** `after` names tasks that exist. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { afterResolver } from "../edges.js";
import { MAX_HINTS } from "../limits.js";
import { nearMiss } from "../nearMiss.js";
import type { DeclaredTask } from "../declaredTasks.js";
import type { RuleInput } from "./ruleInput.js";

export function knownAfterTasks({ tasks }: RuleInput): Problem[] {
  const resolve = afterResolver(tasks);
  let hints = 0;
  return tasks.flatMap((declared) => declared.task.after.flatMap((name, at) => {
    if (resolve(declared, name) !== undefined) return [];
    hints += 1;
    return [problem("UNKNOWN_TASK", `${declared.address} runs after ${name}, but there is no such task`, `${declared.path}.after[${at}]`,
      hints <= MAX_HINTS ? hintFor(name, declared, tasks) : undefined)];
  }));
}

function hintFor(name: string, declared: DeclaredTask, tasks: readonly DeclaredTask[]): string | undefined {
  const elsewhere = tasks.find((other) => other.kind === "TASK" && other.task.name === name);
  if (elsewhere !== undefined) return `A task of another group is named by its full address: ${elsewhere.address}.`;
  const ownGroup = tasks.filter((other) => other.declaredIn === declared.declaredIn && other.kind === "TASK" && other !== declared).map((other) => other.task.name);
  const near = nearMiss(name, [...ownGroup, ...tasks.filter(({ kind }) => kind === "TASK").map((other) => other.address)]);
  return near === undefined ? undefined : `Did you mean ${near}?`;
}
