/** What a workflow cannot be without. */

import { test } from "vitest";
import { group, oneGroup, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("a workflow without a group is a problem", () => {
  expectProblems(workflow([]), [{ code: "REQUIRED", path: "groups" }]);
});

test("a workflow without a name and a group without a task are two problems at once", () => {
  expectProblems(workflow([group("a", []), group("b", [task("x")])], { name: " " }), [
    { code: "REQUIRED", path: "name" },
    { code: "REQUIRED", path: "groups[0].tasks", says: ["Group a"] },
  ]);
});

test("a task without a handler is one problem, not also an unknown handler", () => {
  expectProblems(oneGroup(task("x", { handler: "" })), [{ code: "REQUIRED", path: "groups[0].tasks[0].handler", says: ["g.x"] }]);
});
