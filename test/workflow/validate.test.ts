/** All problems at once, and none of the ways to make the check itself fail. */

import { test } from "vitest";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { expectProblems } from "../support/expectProblems.js";

test("problems of every kind come together, never only the first", () => {
  expectProblems(workflow([
    group("a", [task("x", { input: "{{ nme }}", handler: "htp" }), task("x", { after: ["z"], timeoutMs: -1 })]),
    group("b c", [task("y", { onFailure: "FALLBACK", expansion: expansion({ array: { v: "name", w: "name" } }) })]),
  ]), [
    { code: "INVALID_NAME", path: "groups[1].name" },
    { code: "DUPLICATE_NAME", path: "groups[0].tasks[1].name" },
    { code: "UNKNOWN_HANDLER", path: "groups[0].tasks[0].handler" },
    { code: "EXPANSION_OPTION", path: "groups[1].tasks[0].expansion.array" },
    { code: "FALLBACK_MISSING", path: "groups[1].tasks[0].fallback" },
    { code: "INVALID_VALUE", path: "groups[0].tasks[1].timeout" },
    { code: "DUPLICATE_WRITER", path: "groups[0].tasks[1].name" },
    { code: "KEY_IN_CONTEXT", path: "context.y" },
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].input", hint: ["name"] },
    { code: "UNKNOWN_TASK", path: "groups[0].tasks[1].after[0]" },
  ], { name: ["n"], y: 1 });
});

test("groups whose dependencies would make millions of edges are refused before the edges are made", () => {
  const tasks = Array.from({ length: 2_000 }, (_, index) => task(`t${index}`));
  const dependencies = Array.from({ length: 2_000 }, (_, index) => `k${index}`);
  expectProblems(workflow([group("g", tasks, { dependencies })]), [{ code: "LIMIT_EXCEEDED", path: "groups", says: ["4000000"] }]);
});

test("names that every object has are names like any other", () => {
  expectProblems(oneGroup(task("constructor"), task("x", { input: "{{ constructor }} {{ valueOf }}", resultKeys: ["toString"] })), [
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[1].input", says: ["valueOf"] },
  ]);
});
