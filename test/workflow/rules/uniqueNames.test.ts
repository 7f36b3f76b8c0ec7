/** Names are unique where they must be. */

import { test } from "vitest";
import { group, oneGroup, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("two groups of one name are a problem at the second", () => {
  expectProblems(workflow([group("a", [task("x")]), group("a", [task("y")])]), [
    { code: "DUPLICATE_NAME", path: "groups[1].name", says: ["groups[0]", "groups[1]", "named a"] },
  ]);
});

test("two tasks of one name in a group are a problem, also when they write different keys", () => {
  expectProblems(oneGroup(task("x", { resultKeys: ["p"] }), task("x", { resultKeys: ["q"] })), [
    { code: "DUPLICATE_NAME", path: "groups[0].tasks[1].name", says: ["group g", "named x"] },
  ]);
});

test("tasks of different groups may have the same name", () => {
  expectProblems(workflow([group("a", [task("x", { resultKeys: ["p"] })]), group("b", [task("x", { resultKeys: ["q"] })])]), []);
});
