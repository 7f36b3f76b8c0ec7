/** Attempts, delays and timeouts lie in ranges that make sense. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { RetryDefinition } from "../definition.js";
import { MAX_ATTEMPTS } from "../limits.js";
import type { RuleInput } from "./ruleInput.js";

export function retryAndTimeout({ tasks }: RuleInput): Problem[] {
  return tasks.flatMap(({ task, address, path }) => [
    ...(task.retry === undefined ? [] : retryProblems(task.retry, `${path}.retry`)),
    ...(task.timeoutMs === undefined || (Number.isFinite(task.timeoutMs) && task.timeoutMs > 0) ? [] : [
      problem("INVALID_VALUE", `The timeout of ${address} is ${task.timeoutMs} ms`, `${path}.timeout`, "Use a duration longer than 0, or leave it out."),
    ]),
  ]);
}

function retryProblems(retry: RetryDefinition, path: string): Problem[] {
  const problems: Problem[] = [];
  const check = (fits: boolean, field: string, value: number, range: string): void => {
    if (!fits) problems.push(problem("INVALID_VALUE", `${field} is ${value}`, `${path}.${field}`, `Use ${range}.`));
  };
  const { maxAttempts, factor, initialDelayMs, maxDelayMs } = retry;
  check(Number.isInteger(maxAttempts) && maxAttempts >= 1 && maxAttempts <= MAX_ATTEMPTS, "maxAttempts", maxAttempts, `a whole number from 1 to ${MAX_ATTEMPTS}`);
  check(Number.isFinite(factor) && factor >= 1, "factor", factor, "a number of at least 1");
  check(Number.isFinite(initialDelayMs) && initialDelayMs >= 0, "initialDelay", initialDelayMs, "a duration of at least 0");
  check(Number.isFinite(maxDelayMs) && maxDelayMs >= 0, "maxDelay", maxDelayMs, "a duration of at least 0");
  return problems;
}
