/** Which names are allowed. */

import { test } from "vitest";
import { group, oneGroup, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("names with letters, digits, '_' and '-' are fine, up to 128 characters", () => {
  expectProblems(workflow([group("_g-1", [task("A_b-9"), task("x".repeat(128))])]), []);
});

test("names of groups and tasks that are not of that form are problems, each with its path", () => {
  expectProblems(workflow([group("a b", [task("1st"), task("x.y"), task("x".repeat(129)), task("")])]), [
    { code: "INVALID_NAME", path: "groups[0].name", says: ["a b"] },
    { code: "INVALID_NAME", path: "groups[0].tasks[0].name", says: ["1st"], hint: ["letters, digits"] },
    { code: "INVALID_NAME", path: "groups[0].tasks[1].name" },
    { code: "INVALID_NAME", path: "groups[0].tasks[2].name", says: ["129 characters"] },
    { code: "INVALID_NAME", path: "groups[0].tasks[3].name" },
  ]);
});

test("context keys may be any text but the empty one and __proto__", () => {
  expectProblems(oneGroup(task("x", { resultKeys: ["a b", "", "__proto__", "constructor"] })), [
    { code: "INVALID_NAME", path: "groups[0].tasks[0].resultKeys[1]" },
    { code: "FORBIDDEN_KEY", path: "groups[0].tasks[0].resultKeys[2]" },
  ]);
});

test("no task may be named __proto__", () => {
  expectProblems(oneGroup(task("__proto__")), [{ code: "FORBIDDEN_KEY", path: "groups[0].tasks[0].name" }]);
});
