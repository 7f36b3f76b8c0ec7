/** Every key read comes from somewhere. */

import { expect, test } from "vitest";
import { expansion, group, oneGroup, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";
import { knownHandlers } from "../../support/expectProblems.js";
import { validateWorkflow } from "../../../src/workflow/validate.js";

test("an unknown key is a problem at the string that reads it, with a near miss", () => {
  expectProblems(oneGroup(task("x", { input: { to: ["{{ custommer.mail }}"] } })), [
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].input.to[0]", says: ["g.x", "custommer"], hint: ["customer"] },
  ], { customer: {} });
});

test("near misses come from written keys too", () => {
  expectProblems(oneGroup(task("fetch"), task("x", { when: "fetsh.ok" })), [
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[1].when", hint: ["fetch"] },
  ]);
});

test("every place that reads is looked at: declared, input, fallback, condition, expansion", () => {
  expectProblems(oneGroup(task("x", {
    dependencies: ["k1"], input: "{{ k2 }}", when: "k3", onFailure: "FALLBACK", fallback: "{{ k4 }}",
    expansion: expansion({ array: { v: "k5" }, filter: "k6 = v", identifier: "{{ k7 }}-{{ v }}" }),
  })), [
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].dependencies[0]", says: ["k1"] },
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].when", says: ["k3"] },
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].input", says: ["k2"] },
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].fallback", says: ["k4"] },
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].expansion.array.v", says: ["k5"] },
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].expansion.filter", says: ["k6"] },
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].expansion.identifier", says: ["k7"] },
  ]);
});

test("a group's unknown dependency is one problem, however many tasks the group has", () => {
  expectProblems(workflow([group("a", [task("x"), task("y")], { dependencies: ["nowhere"] })]), [
    { code: "UNKNOWN_KEY", path: "groups[0].dependencies[0]", says: ["Group a", "nowhere"] },
  ]);
});

test("what has a default and optional dependencies need not exist", () => {
  expectProblems(oneGroup(task("x", { input: "{{ note ?? \"none\" }}", optionalDependencies: ["extra"] })), []);
});

test("a variable shadows a key in what is evaluated per item, but not in the expansion's own values", () => {
  expectProblems(oneGroup(task("x", { input: "{{ v }}", expansion: expansion({ array: { v: "v" } }) })), [
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].expansion.array.v" },
  ]);
});

test("names that may be variables of a custom expansion, or of an include, are left to the run", () => {
  const custom = task("x", { input: "{{ anything }}", expansion: expansion({ custom: { expression: "[{}]" } }) });
  const matrix = task("y", { input: "{{ extra }}", expansion: expansion({ matrix: { a: [1] }, include: [{ extra: 1 }] }) });
  expectProblems(oneGroup(custom, matrix), []);
});

test("a key with a hyphen read without backticks gets a hint that says so", () => {
  expectProblems(oneGroup(task("fetch-user"), task("x", { input: "{{ fetch }}" })), [
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[1].input", hint: ["`fetch-user`", "backticks"] },
  ]);
});

test("while the context is not known, unknown keys are no problems", () => {
  expect(validateWorkflow(oneGroup(task("x", { input: "{{ later }}" })), undefined, knownHandlers)).toEqual([]);
});
