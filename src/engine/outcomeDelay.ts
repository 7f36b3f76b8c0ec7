/** Which durable timers an outcome sets. */

import type { Outcome } from "./ports.js";

/** Until the first timer that an outcome sets; undefined when it sets none. */
export function delayOf(outcome: Outcome): number | undefined {
  if (outcome.kind === "retry" || outcome.kind === "wait") return outcome.delayMs < 0 ? undefined : outcome.delayMs;
  if (outcome.kind !== "items") return undefined;
  const delays = outcome.pieces.filter(({ letter, count }) => (letter === "Y" || letter === "W") && count >= 0).map(({ count }) => count);
  return delays.length === 0 ? undefined : Math.min(...delays);
}
