/** exclude and include. */

import { test } from "vitest";
import { expansion, oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("exclude names only variables of the matrix", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ matrix: { size: [1], color: [2] }, exclude: [{ size: 1, colour: 2 }, {}, 5] }) })), [
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[0].expansion.exclude[0].colour", says: ["colour"], hint: ["color"] },
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[0].expansion.exclude[1]", says: ["every combination"] },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].expansion.exclude[2]", says: ["a number"] },
  ]);
});

test("include may bring variables of its own, but they need usable names", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ matrix: { size: [1] }, include: [{ size: 1, note: "n" }, { $bad: 1 }] }) })), [
    { code: "INVALID_NAME", path: "groups[0].tasks[0].expansion.include[1].$bad" },
  ]);
});

test("both go with matrix only", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ array: { a: [1] }, exclude: [{ a: 1 }], include: [{ a: 2 }] }) })), [
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[0].expansion.exclude", says: ["matrix only"] },
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[0].expansion.include", says: ["matrix only"] },
  ]);
});
