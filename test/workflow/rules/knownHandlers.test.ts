/** Handlers exist. */

import { test } from "vitest";
import { oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("an unknown handler is a problem with a near miss", () => {
  expectProblems(oneGroup(task("x", { handler: "htpp" }), task("y", { handler: "nothing-like-it" })), [
    { code: "UNKNOWN_HANDLER", path: "groups[0].tasks[0].handler", says: ["g.x", "htpp"], hint: ["http"] },
    { code: "UNKNOWN_HANDLER", path: "groups[0].tasks[1].handler", hint: ["handlers"] },
  ]);
});
