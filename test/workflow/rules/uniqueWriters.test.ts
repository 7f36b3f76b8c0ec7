/** Each key has one writer. */

import { test } from "vitest";
import { group, oneGroup, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("two tasks that write one key are a problem that names both", () => {
  expectProblems(oneGroup(task("x", { resultKeys: ["p", "q"] }), task("y", { resultKeys: ["r"], optionalResultKeys: ["q"] })), [
    { code: "DUPLICATE_WRITER", path: "groups[0].tasks[1].optionalResultKeys[0]", says: ["g.x", "g.y", "q"] },
  ]);
});

test("same-named tasks of two groups write the same key by default, and the hint says so", () => {
  expectProblems(workflow([group("a", [task("x")]), group("b", [task("x")])]), [
    { code: "DUPLICATE_WRITER", path: "groups[1].tasks[0].name", says: ["a.x", "b.x"], hint: ["give b.x resultKeys"] },
  ]);
});

test("a key listed twice by one task is a problem", () => {
  expectProblems(oneGroup(task("x", { resultKeys: ["p", "p"], optionalResultKeys: ["p"] })), [
    { code: "DUPLICATE_WRITER", path: "groups[0].tasks[0].resultKeys[1]", says: ["p"] },
    { code: "DUPLICATE_WRITER", path: "groups[0].tasks[0].optionalResultKeys[0]" },
  ]);
});

test("tasks with an empty list of result keys write nothing", () => {
  expectProblems(workflow([group("a", [task("x", { resultKeys: [] })]), group("b", [task("x", { resultKeys: [] })])]), []);
});
