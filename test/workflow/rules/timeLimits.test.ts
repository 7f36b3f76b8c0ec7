/** Limits out of range are told with their path; those in range are not. */

import { test } from "vitest";
import { group, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("durations must be longer than nothing, and places whole numbers from 1 on", () => {
  const definition = workflow([group("g", [task("a", { totalTimeoutMs: 0, heartbeatTimeoutMs: -1 })], {
    timeoutMs: 0, maxParallel: 0, groups: [group("inner", [task("b")], { maxParallel: 1.5, timeoutMs: Infinity })],
  })], { timeoutMs: 0 });
  expectProblems(definition, [
    { code: "INVALID_VALUE", path: "timeout" },
    { code: "INVALID_VALUE", path: "groups[0].timeout" },
    { code: "INVALID_VALUE", path: "groups[0].maxParallel" },
    { code: "INVALID_VALUE", path: "groups[0].groups[0].timeout" },
    { code: "INVALID_VALUE", path: "groups[0].groups[0].maxParallel" },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].totalTimeout" },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].heartbeatTimeout" },
  ]);
});

test("limits in range are no problem", () => {
  expectProblems(workflow([group("g", [task("a", { totalTimeoutMs: 1, heartbeatTimeoutMs: 1 })], { timeoutMs: 1, maxParallel: 1_000_000 })], { timeoutMs: 1 }), []);
});
