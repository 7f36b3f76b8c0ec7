/** No task waits for itself. */

import { test } from "vitest";
import { expansion, group, oneGroup, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("a task that reads its own key is a problem where it reads it", () => {
  expectProblems(oneGroup(task("x", { input: { again: "{{ x }}" } })), [
    { code: "SELF_DEPENDENCY", path: "groups[0].tasks[0].input.again", says: ["g.x", "reads x"] },
  ]);
});

test("so is a task that runs after itself, and a group that waits for its own task", () => {
  expectProblems(workflow([group("a", [task("x", { after: ["x"] })], { dependencies: ["x"] })]), [
    { code: "SELF_DEPENDENCY", path: "groups[0].dependencies[0]", says: ["Group a", "a.x"] },
    { code: "SELF_DEPENDENCY", path: "groups[0].tasks[0].after[0]" },
  ]);
});

test("a variable named like the task is no dependency on itself", () => {
  expectProblems(oneGroup(task("x", { input: "{{ x }}", expansion: expansion({ array: { x: [1, 2] } }) })), []);
});
