/** Sizes. */

import { test } from "vitest";
import { oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

const MIB = 1024 * 1024;

test("10,000 tasks are allowed, one more is a problem", () => {
  const tasks = Array.from({ length: 10_001 }, (_, index) => task(`t${index}`));
  expectProblems(oneGroup(...tasks.slice(1)), [], {});
  expectProblems(oneGroup(...tasks), [{ code: "LIMIT_EXCEEDED", path: "groups", says: ["10001", "10000"] }]);
});

test("a context value may have 1 MiB of JSON, in bytes and not in characters", () => {
  const quotes = 2;
  expectProblems(oneGroup(task("x")), [], { a: "x".repeat(MIB - quotes) });
  expectProblems(oneGroup(task("x")), [{ code: "LIMIT_EXCEEDED", path: "context.b", says: ["b"] }], { a: 1, b: "\u00e9".repeat(MIB / 2) });
});

test("a definition may have 1 MiB", () => {
  expectProblems(oneGroup(task("x", { input: "x".repeat(MIB) })), [{ code: "LIMIT_EXCEEDED", path: "groups", says: ["definition"] }]);
});
