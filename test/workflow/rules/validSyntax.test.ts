/** Templates and expressions parse. */

import { test } from "vitest";
import { expansion, oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("each template and expression that cannot be parsed is a problem of its own", () => {
  expectProblems(oneGroup(task("x", {
    input: { a: "{{ 1 + }}", b: "{{ open" }, when: "(", onFailure: "FALLBACK", fallback: ["{{ }}"],
    expansion: expansion({ array: { v: "[1" }, filter: "v =", identifier: "{{ v", outputFormat: "SINGLE", reduce: ")" }),
  })), [
    { code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[0].when" },
    { code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[0].input.a" },
    { code: "TEMPLATE_SYNTAX", path: "groups[0].tasks[0].input.b" },
    { code: "TEMPLATE_SYNTAX", path: "groups[0].tasks[0].fallback[0]" },
    { code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[0].expansion.array.v" },
    { code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[0].expansion.filter" },
    { code: "TEMPLATE_SYNTAX", path: "groups[0].tasks[0].expansion.identifier" },
    { code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[0].expansion.reduce" },
  ]);
});

test("zip, matrix and custom are looked at too", () => {
  expectProblems(oneGroup(
    task("x", { expansion: expansion({ zip: { a: "[" } }) }),
    task("y", { expansion: expansion({ matrix: { b: "[" } }) }),
    task("z", { expansion: expansion({ custom: { expression: "[" } }) }),
  ), [
    { code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[0].expansion.zip.a" },
    { code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[1].expansion.matrix.b" },
    { code: "EXPRESSION_SYNTAX", path: "groups[0].tasks[2].expansion.custom.expression" },
  ]);
});
