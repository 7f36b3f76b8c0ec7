/** `after` finds its tasks. */

import { test } from "vitest";
import { group, oneGroup, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("after takes a task of the own group by its name and any task by its full address", () => {
  expectProblems(workflow([group("a", [task("x"), task("y", { after: ["x"] })]), group("b", [task("z", { after: ["a.x"] })])]), []);
});

test("an unknown task is a problem with a near miss", () => {
  expectProblems(oneGroup(task("fetch"), task("y", { after: ["fetsh", "g.fetc"] })), [
    { code: "UNKNOWN_TASK", path: "groups[0].tasks[1].after[0]", says: ["g.y", "fetsh"], hint: ["fetch"] },
    { code: "UNKNOWN_TASK", path: "groups[0].tasks[1].after[1]", hint: ["g.fetch"] },
  ]);
});

test("a task of another group named without its group gets the full address as a hint", () => {
  expectProblems(workflow([group("a", [task("x")]), group("b", [task("y", { after: ["x"] })])]), [
    { code: "UNKNOWN_TASK", path: "groups[1].tasks[0].after[0]", hint: ["a.x"] },
  ]);
});
