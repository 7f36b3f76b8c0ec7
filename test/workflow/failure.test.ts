/** What a failed attempt leads to. */

import { expect, test } from "vitest";
import { decideFailure } from "../../src/workflow/failure.js";
import type { TaskError } from "../../src/workflow/events.js";
import { retry, task } from "../support/builders.js";

const half = (): number => 0.5;
const failed: TaskError = { code: "HANDLER_ERROR", message: "broken", retryable: true };

test.each(["FAIL", "IGNORE", "FALLBACK"] as const)("without retry the first failure is final: %s", (onFailure) => {
  expect(decideFailure(task("x", { onFailure }), failed, 1, half)).toEqual({ kind: onFailure });
});

test("attempts are retried until there have been maxAttempts", () => {
  const three = task("x", { retry: retry({ maxAttempts: 3 }), onFailure: "IGNORE" });
  expect([1, 2, 3, 4].map((attempt) => decideFailure(three, failed, attempt, half).kind)).toEqual(["RETRY", "RETRY", "IGNORE", "IGNORE"]);
});

test("delays grow by the factor up to maxDelay, exactly when there is no jitter", () => {
  const steady = task("x", { retry: retry({ maxAttempts: 1_000, initialDelayMs: 100, factor: 3, maxDelayMs: 1_000, jitter: false }) });
  expect([1, 2, 3, 4, 999].map((attempt) => decideFailure(steady, failed, attempt, half))).toEqual(
    [100, 300, 900, 1_000, 1_000].map((delayMs) => ({ kind: "RETRY", delayMs })));
});

test("jitter is full: anywhere from 0 to the exponential delay", () => {
  const jittered = task("x", { retry: retry({ maxAttempts: 10, initialDelayMs: 1_000, factor: 2 }) });
  expect([0, 0.25, 0.999].map((drawn) => decideFailure(jittered, failed, 2, () => drawn))).toEqual(
    [0, 500, 1_998].map((delayMs) => ({ kind: "RETRY", delayMs })));
});

test("no delay stays no delay, however large the factor becomes", () => {
  const eager = task("x", { retry: retry({ maxAttempts: 1_000, initialDelayMs: 0, factor: 1e300, jitter: false }) });
  expect(decideFailure(eager, failed, 500, half)).toEqual({ kind: "RETRY", delayMs: 0 });
});

test.each(["TEMPLATE_UNRESOLVED", "TEMPLATE_TOO_LARGE", "EXPRESSION_ERROR", "EXPRESSION_LIMIT", "MY_CODE"])("%s is final at once", (code) => {
  const retried = task("x", { retry: retry({ nonRetryable: ["MY_CODE"] }) });
  expect(decideFailure(retried, { code, message: "", retryable: true }, 1, half)).toEqual({ kind: "FAIL" });
});

test("an error that says it is not retryable is final at once", () => {
  expect(decideFailure(task("x", { retry: retry() }), { ...failed, retryable: false }, 1, half)).toEqual({ kind: "FAIL" });
});
