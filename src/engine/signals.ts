/** Waiting for people and other systems: what a task waits for, how it is kept, and what an answer makes of it. */

import { FanwireError } from "../errors.js";
import type { JsonValue } from "../workflow/json.js";

export type SignalOutcome = "APPROVE" | "REJECT";

/** SIGNAL results in the payload, APPROVAL in {outcome, payload}. */
export interface SignalWait {
  readonly kind: "SIGNAL" | "APPROVAL";
  /** Absent: it waits as long as it takes. */
  readonly timeoutMs?: number;
  /** The answer when time is up; absent: the attempt fails with TIMEOUT then. */
  readonly byDefault?: SignalAnswer;
  /** For whoever has to answer. */
  readonly prompt?: string;
}

export interface SignalAnswer {
  readonly outcome: SignalOutcome;
  readonly payload: JsonValue;
}

/** Result of a handler that gives its worker back and is completed by signalTask. */
export class WaitForSignal {
  constructor(readonly wait: SignalWait) {}
}

/** Kept where a delay keeps its result; no JSON begins like it. */
const MARK = "?";

export function signalText(wait: SignalWait): string {
  return MARK + JSON.stringify(wait);
}

/** @returns undefined for what a delay left */
export function readSignal(text: string | undefined): SignalWait | undefined {
  return text?.startsWith(MARK) ? (JSON.parse(text.slice(MARK.length)) as SignalWait) : undefined;
}

/**
 * The result that an answer gives the task.
 * @throws FanwireError REJECTED, which is final
 */
export function answerResult({ kind }: SignalWait, { outcome, payload }: SignalAnswer): JsonValue {
  if (outcome === "REJECT") throw new FanwireError("REJECTED", "It was rejected", { retryable: false, details: payload });
  return kind === "APPROVAL" ? { outcome, payload } : payload;
}

/**
 * The result when nobody has answered in time.
 * @throws FanwireError TIMEOUT without a default, REJECTED when that is the default
 */
export function lateResult(wait: SignalWait): JsonValue {
  if (wait.byDefault === undefined) throw new FanwireError("TIMEOUT", `Nobody answered within ${wait.timeoutMs} ms`);
  return answerResult(wait, wait.byDefault);
}
