/** Literal lists fit together. */

import { test } from "vitest";
import { expansion, oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("literal lists of a zip that differ in length are a problem before anything runs", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ zip: { a: [1, 2], b: [1] } }) })), [
    { code: "EXPANSION_LENGTH", path: "groups[0].tasks[0].expansion.zip", says: ["a has 2", "b has 1"] },
  ]);
});

test("literal lists of a matrix that make more than a million combinations are a problem", () => {
  const list = Array.from({ length: 101 }, (_, index) => index);
  expectProblems(oneGroup(task("x", { expansion: expansion({ matrix: { a: list, b: list, c: list } }) })), [
    { code: "EXPANSION_TOO_LARGE", path: "groups[0].tasks[0].expansion.matrix", says: ["1030301"] },
  ]);
});
