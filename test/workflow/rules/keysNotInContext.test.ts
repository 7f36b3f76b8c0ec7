/** Results do not overwrite the initial context. */

import { test } from "vitest";
import { oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("a key of the initial context that a task writes is a problem at the key", () => {
  expectProblems(oneGroup(task("x", { resultKeys: ["total"] })), [
    { code: "KEY_IN_CONTEXT", path: "context.total", says: ["g.x", "total"] },
  ], { total: 1, other: 2 });
});
