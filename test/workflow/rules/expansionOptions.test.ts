/** Options of an expansion go together. */

import { test } from "vitest";
import { expansion, group, oneGroup, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";

test("flatten and nested go with MERGE, reduce with SINGLE", () => {
  expectProblems(oneGroup(
    task("x", { expansion: expansion({ matrix: { a: [1] }, outputFormat: "SEPARATE", flatten: true, nested: true, reduce: "$results" }) }),
    task("y", { expansion: expansion({ array: { a: [1] }, outputFormat: "SINGLE", reduce: "$results" }) }),
  ), [
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[0].expansion.flatten", says: ["MERGE", "SEPARATE"] },
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[0].expansion.nested" },
    { code: "EXPANSION_OPTION", path: "groups[0].tasks[0].expansion.reduce", says: ["SINGLE"] },
  ]);
});

test("nested needs every combination of a matrix", () => {
  const path = "groups[0].tasks[0].expansion.nested";
  expectProblems(oneGroup(task("x", { expansion: expansion({
    matrix: { a: [1] }, nested: true, include: [{ a: 2 }], exclude: [{ a: 1 }], filter: "a > 1", toleratedFailures: 1,
  }) })), ["include", "exclude", "filter", "DROP"].map((option) => ({ code: "EXPANSION_OPTION", path, says: [option] })));
});

test("nested goes with NULL, and with DROP where nothing can be dropped, but not with a list", () => {
  expectProblems(oneGroup(
    task("x", { expansion: expansion({ matrix: { a: [1] }, nested: true, toleratedFailures: 1, onItemFailure: "NULL" }) }),
    task("y", { expansion: expansion({ matrix: { a: [1] }, nested: true }) }),
    task("z", { expansion: expansion({ array: { a: [1] }, nested: true }) }),
  ), [{ code: "EXPANSION_OPTION", path: "groups[0].tasks[2].expansion.nested", says: ["no matrix"] }]);
});

test("numbers lie in their ranges", () => {
  expectProblems(oneGroup(task("x", { expansion: expansion({ array: { a: [1] }, maxParallel: 0, toleratedFailures: -1, toleratedFailurePercent: 100.5 }) })), [
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].expansion.maxParallel", says: ["0"] },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].expansion.toleratedFailures", says: ["-1"] },
    { code: "INVALID_VALUE", path: "groups[0].tasks[0].expansion.toleratedFailurePercent", says: ["100.5"] },
  ]);
});

test("a batch is for the handler of a task: a group has none", () => {
  const each = expansion({ array: { n: [1, 2] }, batchSize: 2 });
  expectProblems(workflow([group("g", [task("t", { expansion: each })])]), [], {});
  expectProblems(workflow([group("g", [task("t")], { expansion: each })]), [{ code: "EXPANSION_OPTION", path: "groups[0].expansion.batchSize", says: ["batchSize"] }], {});
});
