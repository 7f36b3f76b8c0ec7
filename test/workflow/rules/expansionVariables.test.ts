/** Variables of an expansion. */

import { test } from "vitest";
import { expansion, oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("array takes exactly one variable, zip and matrix at least one", () => {
  expectProblems(oneGroup(
    task("x", { expansion: expansion({ array: { a: [1], b: [2] } }) }),
    task("y", { expansion: expansion({ zip: {} }) }),
    task("z", { expansion: expansion({ matrix: {} }) }),
  ), [
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[0].expansion.array", says: ["2 variables"], hint: ["zip", "matrix"] },
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[1].expansion.zip" },
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[2].expansion.matrix" },
  ]);
});

test("a value is an expression or a literal list", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ zip: { a: 5, b: { list: [1] }, c: "list", d: [], e: null } }) })), [
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].expansion.zip.a", says: ["a number"] },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].expansion.zip.b", says: ["an object"] },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].expansion.zip.e", says: ["null"] },
  ], { list: [] });
});

test("a variable has a name that expressions can use", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ matrix: { $a: [1], "b c": [1], "d-e": [1], true: [1], ok_1: [1] } }) })), [
    { code: "INVALID_NAME", path: "groups[0].tasks[0].expansion.matrix.$a" },
    { code: "INVALID_NAME", path: "groups[0].tasks[0].expansion.matrix[\"b c\"]" },
    { code: "INVALID_NAME", path: "groups[0].tasks[0].expansion.matrix.d-e" },
    { code: "INVALID_NAME", path: "groups[0].tasks[0].expansion.matrix.true" },
  ]);
});

test("variables that are no object are a problem, not a crash", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ array: "customers" as never }) }), task("y", { expansion: expansion({ matrix: [1] as never }) })), [
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].expansion.array", says: ["a string"] },
    { code: "INVALID_VALUE", path: "groups[0].tasks[1].expansion.matrix", says: ["a list"] },
  ]);
});

test("an empty expression is a problem", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ array: { a: " " } }) })), [
    { code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[0].expansion.array.a" },
  ]);
});

test("custom needs an expression", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ custom: {} as never }) })), [
    { code: "REQUIRED", path: "groups[0].tasks[0].expansion.custom.expression" },
  ]);
});
