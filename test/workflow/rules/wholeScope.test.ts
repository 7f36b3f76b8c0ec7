/** Expressions that read the scope as a whole. */

import { test } from "vitest";
import { expectProblems } from "../../support/expectProblems.js";
import { oneGroup, task } from "../../support/builders.js";

test("an expression that reads the whole scope is a problem: what it waits for cannot be told", () => {
  expectProblems(oneGroup(task("a", { input: { all: "{{ $keys($$) }}" }, when: "$count($) > 0" })), [
    { code: "WHOLE_SCOPE", path: "groups[0].tasks[0].when" },
    { code: "WHOLE_SCOPE", path: "groups[0].tasks[0].input.all" },
  ]);
});

test("`$` inside a mapped context is the element, not the scope", () => {
  expectProblems(oneGroup(task("a", { input: "{{ [1, 2].($ + 1) }}" })), []);
});
