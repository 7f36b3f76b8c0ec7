/** The context is an object. */

import { test } from "vitest";
import { oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test.each([[[1], "a list"], ["text", "a string"], [null, "null"]])("%j is no context", (context, kind) => {
  expectProblems(oneGroup(task("x")), [{ code: "INVALID_VALUE", path: "context", says: [kind] }], context);
});
