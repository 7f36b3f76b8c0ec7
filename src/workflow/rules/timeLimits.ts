/** What may take how long, and how much of a group runs at once, lie in ranges that make sense. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { declaredGroups } from "../declaredGroups.js";
import { LIMITS } from "../limits.js";
import type { RuleInput } from "./ruleInput.js";

export function timeLimits({ definition, tasks }: RuleInput): Problem[] {
  return [
    ...duration(definition.timeoutMs, "The timeout of the workflow", "timeout"),
    ...declaredGroups(definition).flatMap(({ group, address, path }) => [
      ...duration(group.timeoutMs, `The timeout of ${address}`, `${path}.timeout`),
      ...places(group.maxParallel, address, `${path}.maxParallel`),
    ]),
    ...tasks.filter(({ kind }) => kind === "TASK").flatMap(({ task, address, path }) => [
      ...duration(task.totalTimeoutMs, `The total timeout of ${address}`, `${path}.totalTimeout`),
      ...duration(task.heartbeatTimeoutMs, `The heartbeat timeout of ${address}`, `${path}.heartbeatTimeout`),
    ]),
  ];
}

function duration(ms: number | undefined, what: string, path: string): Problem[] {
  if (ms === undefined || (Number.isFinite(ms) && ms > 0)) return [];
  return [problem("INVALID_VALUE", `${what} is ${ms} ms`, path, "Use a duration longer than 0, or leave it out.")];
}

function places(maxParallel: number | undefined, address: string, path: string): Problem[] {
  if (maxParallel === undefined || (Number.isInteger(maxParallel) && maxParallel >= 1 && maxParallel <= LIMITS.items)) return [];
  return [problem("INVALID_VALUE", `maxParallel of ${address} is ${maxParallel}`, path, `Use a whole number from 1 to ${LIMITS.items}, or leave it out.`)];
}
