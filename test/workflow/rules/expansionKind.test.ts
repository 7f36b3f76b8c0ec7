/** An expansion is of one kind. */

import { test } from "vitest";
import { expansion, oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("an expansion of no kind and one of two kinds are problems", () => {
  expectProblems(oneGroup(
    task("x", { expansion: expansion({}) }),
    task("y", { expansion: expansion({ array: { a: [1] }, zip: { b: [1] } }) }),
  ), [
    { code: "EXPANSION_KIND", path: "groups[0].tasks[0].expansion", says: ["g.x"] },
    { code: "EXPANSION_KIND", path: "groups[0].tasks[1].expansion", says: ["array and zip"] },
  ]);
});
