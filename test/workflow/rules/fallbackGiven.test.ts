/** FALLBACK falls back to something. */

import { test } from "vitest";
import { oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("FALLBACK without a fallback is a problem; null is a fallback", () => {
  expectProblems(oneGroup(task("x", { onFailure: "FALLBACK" }), task("y", { onFailure: "FALLBACK", fallback: null })), [
    { code: "FALLBACK_MISSING", path: "groups[0].tasks[0].fallback", says: ["g.x"] },
  ]);
});
