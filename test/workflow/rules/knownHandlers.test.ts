/** Handlers are meant as they are written. */

import { test } from "vitest";
import { oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("an unknown handler that is close to a known one is a problem that names it", () => {
  expectProblems(oneGroup(task("x", { handler: "htpp" })), [
    { code: "UNKNOWN_HANDLER", path: "groups[0].tasks[0].handler", says: ["g.x", "htpp"], hint: ["http"] },
  ]);
});

test("any other is accepted: a worker that has it may come", () => {
  expectProblems(oneGroup(task("y", { handler: "nothing_like-it:v1.2" })), []);
});

test.each(["a b", "$plan", "x~1", "x/y", "-x", "é", "x".repeat(129)])("a name that no handler can have is a problem: %s", (handler) => {
  expectProblems(oneGroup(task("x", { handler })), [{ code: "UNKNOWN_HANDLER", path: "groups[0].tasks[0].handler", says: [handler] }]);
});
