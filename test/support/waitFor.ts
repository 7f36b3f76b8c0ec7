/** Waits for a condition instead of a length of time. */

import { setTimeout as delay } from "node:timers/promises";

export interface WaitForOptions {
  /** Default 10,000. */
  timeoutMs?: number;
  /** Finishes the sentence "Timed out waiting for ...". */
  what?: string;
  /** Default 10. */
  intervalMs?: number;
}

/**
 * Asks until the answer is truthy, and gives that answer.
 * @throws Error that says what was waited for, and the last answer or error.
 */
export async function waitFor<T>(condition: () => T | Promise<T>, options: WaitForOptions = {}): Promise<NonNullable<T>> {
  const { timeoutMs = 10_000, what = "a condition", intervalMs = 10 } = options;
  const deadlineMs = Date.now() + timeoutMs;
  let last = "";
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer;
      last = `the last answer was ${JSON.stringify(answer)}`;
    } catch (error) {
      last = `the last error was ${(error as Error).message}`;
    }
    if (Date.now() >= deadlineMs) throw new Error(`Timed out after ${timeoutMs} ms waiting for ${what}; ${last}`);
    await delay(intervalMs);
  }
}
