/** What happens after a failed attempt: another one, or the task's failure policy. */

import type { RetryDefinition, TaskDefinition } from "./definition.js";
import type { TaskError } from "./events.js";

export type FailureDecision = { kind: "RETRY"; delayMs: number } | { kind: "FAIL" | "IGNORE" | "FALLBACK" };

/** Families of codes that say the definition or its data is at fault, which no other attempt will change. */
const FINAL_PREFIXES = ["TEMPLATE_", "EXPRESSION_"];

/**
 * Decides over the failure of attempt `attempt` (1 for the first).
 * @param random 0 inclusive to 1 exclusive; asked once, and only for a delay with jitter
 */
export function decideFailure(task: TaskDefinition, error: TaskError, attempt: number, random: () => number): FailureDecision {
  const { retry, onFailure } = task;
  if (retry === undefined || attempt >= retry.maxAttempts || isFinal(error, retry)) return { kind: onFailure };
  return { kind: "RETRY", delayMs: retryDelayMs(retry, attempt, random) };
}

function isFinal({ code, retryable }: TaskError, { nonRetryable }: RetryDefinition): boolean {
  return !retryable || nonRetryable.includes(code) || FINAL_PREFIXES.some((prefix) => code.startsWith(prefix));
}

/** Exponential up to maxDelay; with jitter anywhere between 0 and that, so that tasks that failed together do not return together. */
function retryDelayMs({ initialDelayMs, factor, maxDelayMs, jitter }: RetryDefinition, attempt: number, random: () => number): number {
  const grown = initialDelayMs === 0 ? 0 : initialDelayMs * factor ** (attempt - 1);
  const ceiling = Math.min(grown, maxDelayMs);
  return Math.round(jitter ? random() * ceiling : ceiling);
}
