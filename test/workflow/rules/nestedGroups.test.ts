/** Groups inside groups: names, addresses, depth. */

import { test } from "vitest";
import type { TaskGroupDefinition } from "../../../src/workflow/definition.js";
import { group, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

function nested(levels: number): TaskGroupDefinition {
  return group(`g${levels}`, [], levels === 1 ? { tasks: [task("t")] } : { groups: [nested(levels - 1)] });
}

test("sixteen levels of groups are allowed, a seventeenth is a problem", () => {
  expectProblems(workflow([nested(16)]), []);
  expectProblems(workflow([nested(17)]), [{ code: "LIMIT_EXCEEDED", path: `groups[0]${".groups[0]".repeat(16)}`, says: ["17"] }]);
});

test("problems in nested groups have the whole path", () => {
  expectProblems(workflow([group("a", [task("x")], { groups: [
    group("x", [task("t", { handler: "lgo" })]),
    group("x", []),
  ] })]), [
    { code: "REQUIRED", path: "groups[0].groups[1].tasks" },
    { code: "DUPLICATE_NAME", path: "groups[0].groups[1].name" },
    { code: "DUPLICATE_NAME", path: "groups[0].groups[0].name", says: ["a task and a nested group"] },
    { code: "DUPLICATE_NAME", path: "groups[0].groups[1].name" },
    { code: "UNKNOWN_HANDLER", path: "groups[0].groups[0].tasks[0].handler" },
  ]);
});

test("a group with nothing but nested groups is complete; an inner task is named by its full address from elsewhere", () => {
  expectProblems(workflow([
    group("a", [], { groups: [group("b", [task("t")])] }),
    group("c", [task("u", { after: ["a.b.t"] }), task("v", { after: ["b.t"] })]),
  ]), [{ code: "UNKNOWN_TASK", path: "groups[1].tasks[1].after[0]" }]);
});
