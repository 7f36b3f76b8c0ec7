/** __proto__ is refused wherever JSON comes in. */

import { test } from "vitest";
import { expansion, oneGroup, task } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";
import type { JsonObject } from "../../../src/workflow/json.js";

const poisoned = JSON.parse('{"a": [{"__proto__": {"admin": true}}]}') as JsonObject;

test("in the context, at any depth and at the top", () => {
  expectProblems(oneGroup(task("x")), [{ code: "FORBIDDEN_KEY", path: "context.a[0].__proto__" }], poisoned);
  expectProblems(oneGroup(task("x")), [{ code: "FORBIDDEN_KEY", path: "context.__proto__" }], JSON.parse('{"__proto__": 1}') as JsonObject);
});

test("in input, fallback and an expansion's literals", () => {
  expectProblems(oneGroup(task("x", {
    input: poisoned, fallback: poisoned, onFailure: "FALLBACK",
    expansion: expansion({ matrix: { v: [poisoned] }, include: [{ v: 1, w: poisoned }], exclude: [{ v: poisoned }] }),
  })), [
    { code: "FORBIDDEN_KEY", path: "groups[0].tasks[0].input.a[0].__proto__" },
    { code: "FORBIDDEN_KEY", path: "groups[0].tasks[0].fallback.a[0].__proto__" },
    { code: "FORBIDDEN_KEY", path: "groups[0].tasks[0].expansion.matrix.v[0].a[0].__proto__" },
    { code: "FORBIDDEN_KEY", path: "groups[0].tasks[0].expansion.exclude[0].v.a[0].__proto__" },
    { code: "FORBIDDEN_KEY", path: "groups[0].tasks[0].expansion.include[0].w.a[0].__proto__" },
  ]);
});
