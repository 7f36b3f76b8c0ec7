/** Ranges of retries and timeouts. */

import { test } from "vitest";
import { oneGroup, retry, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("attempts, factor and delays lie in their ranges", () => {
  expectProblems(oneGroup(
    task("x", { retry: retry({ maxAttempts: 0, factor: 0.5, initialDelayMs: -1, maxDelayMs: -2 }) }),
    task("y", { retry: retry({ maxAttempts: 1_001 }) }),
    task("z", { retry: retry({ maxAttempts: 1_000, factor: 1, initialDelayMs: 0, maxDelayMs: 0 }) }),
  ), [
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].retry.maxAttempts", says: ["0"], hint: ["1 to 1000"] },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].retry.factor" },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].retry.initialDelay" },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].retry.maxDelay" },
    { code: "INVALID_VALUE", path: "groups[0].tasks[1].retry.maxAttempts" },
  ]);
});

test("a timeout is longer than nothing", () => {
  expectProblems(oneGroup(task("x", { timeoutMs: 0 }), task("y", { timeoutMs: 1 })), [{ code: "INVALID_VALUE", path: "groups[0].tasks[0].timeout" }]);
});
