/** What planWorkflow answers. */

import { describe, expect, test } from "vitest";
import { buildPlanReport } from "../../src/workflow/buildPlanReport.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { knownHandlers } from "../support/expectProblems.js";

function warnings(context: JsonValue | undefined, ...tasks: TaskDefinition[]): [code: string, path: string | undefined][] {
  return buildPlanReport(oneGroup(...tasks), context, knownHandlers).warnings.map(({ code, path }) => [code, path]);
}

function estimate(context: JsonValue | undefined, ...tasks: TaskDefinition[]): number | undefined {
  return buildPlanReport(oneGroup(...tasks), context, knownHandlers).estimatedTasks;
}

test("a valid definition gives its graph", () => {
  const definition = workflow([group("a", [task("x")]), group("b", [task("y", { input: "{{ x }} {{ z ?? 1 }}", resultKeys: ["p"], optionalResultKeys: ["q"] })])]);
  expect(buildPlanReport(definition, {}, knownHandlers)).toEqual({
    valid: true, problems: [], warnings: [], levels: 2, estimatedTasks: 2,
    nodes: [
      { task: "a.x", level: 1, dependsOn: [], reads: [], writes: ["x"] },
      { task: "b.y", level: 2, dependsOn: ["a.x"], reads: ["x", "z"], writes: ["p", "q"] },
    ],
  });
});

test("an invalid one gives its problems, and the graph as far as it can be told", () => {
  const report = buildPlanReport(oneGroup(task("x", { input: "{{ y }}", handler: "htpp" }), task("y", { input: "{{ x }} {{" })), {}, knownHandlers);
  expect(report.valid).toBe(false);
  expect(report.problems.map(({ code }) => code)).toEqual(["UNKNOWN_HANDLER", "TEMPLATE_SYNTAX"]);
  expect(report.nodes.map(({ task: address }) => address)).toEqual(["g.x", "g.y"]);
  expect(report.estimatedTasks).toBeUndefined();
});

test("JSON that nests too deep is one problem, not a crash", () => {
  let deep: JsonValue = 1;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  const report = buildPlanReport(oneGroup(task("x", { input: deep })), { k: deep }, knownHandlers);
  expect(report.problems.map(({ code, path }) => [code, path])).toEqual([["LIMIT_EXCEEDED", "groups"], ["LIMIT_EXCEEDED", "context"]]);
});

describe("warnings", () => {
  test("keys that nobody writes, once each, while the context is not known", () => {
    const tasks = [task("x", { input: ["{{ later }}", "{{ later }}"] }), task("y", { input: "{{ later }} {{ more }}" })];
    expect(warnings(undefined, ...tasks)).toEqual([["UNKNOWN_KEY", "groups[0].tasks[0].input[0]"], ["UNKNOWN_KEY", "groups[0].tasks[1].input"]]);
    expect(warnings({ later: 1, more: 2 }, ...tasks)).toEqual([]);
  });

  test("results that nobody reads, but not those of the last level, of tasks others run after, or of tasks without keys", () => {
    const chain = [task("a"), task("b", { input: "{{ a }}" })];
    expect(warnings({}, ...chain, task("lost"))).toEqual([["UNUSED_RESULT", "groups[0].tasks[2]"]]);
    expect(warnings({}, ...chain, task("quiet", { resultKeys: [] }))).toEqual([]);
    expect(warnings({}, task("first"), task("second", { after: ["first"] }))).toEqual([]);
  });

  test("http without a timeout, be it the task's or the handler's", () => {
    expect(warnings({}, task("x", { handler: "http", input: { url: "u" } }))).toEqual([["NO_TIMEOUT", "groups[0].tasks[0].timeout"]]);
    expect(warnings({}, task("x", { handler: "http", input: { url: "u", timeout: "5s" } }))).toEqual([]);
    expect(warnings({}, task("x", { handler: "http", timeoutMs: 5_000 }))).toEqual([]);
  });

  test("an expansion without maxParallel over a list of unknown length", () => {
    expect(warnings({ xs: [] }, task("x", { expansion: expansion({ array: { v: "xs" } }) }))).toEqual([["UNBOUNDED_PARALLEL", "groups[0].tasks[0].expansion.maxParallel"]]);
    expect(warnings({ xs: [] }, task("x", { expansion: expansion({ array: { v: "xs" }, maxParallel: 5 }) }))).toEqual([]);
    expect(warnings({}, task("x", { expansion: expansion({ array: { v: [1] } }) }))).toEqual([]);
  });

  test("an identifier that is a constant, and a fallback that is not used", () => {
    expect(warnings({}, task("x", { fallback: 1, expansion: expansion({ array: { v: [1] }, identifier: "same" }) }))).toEqual([
      ["UNUSED_FALLBACK", "groups[0].tasks[0].fallback"], ["CONSTANT_IDENTIFIER", "groups[0].tasks[0].expansion.identifier"],
    ]);
  });
});

describe("estimatedTasks", () => {
  const overXs = task("x", { expansion: expansion({ array: { v: "xs.list" } }) });

  test("counts tasks, and the items of literal lists", () => {
    const matrix = task("m", { expansion: expansion({ matrix: { a: [1, 2], b: [1, 2, 3] }, exclude: [{ a: 1, b: 1 }], include: [{ a: 9 }] }) });
    expect(estimate({}, task("plain"), task("x", { expansion: expansion({ array: { v: [1, 2, 3] } }) }), matrix)).toBe(1 + 3 + 6);
  });

  test("counts what a path into the given context gives", () => {
    expect(estimate({ xs: { list: [1, 2, 3, 4] } }, overXs)).toBe(4);
  });

  test("is unknown when a list depends on a result or on a context that is not given", () => {
    expect(estimate(undefined, overXs)).toBeUndefined();
    expect(estimate({}, task("xs"), overXs)).toBeUndefined();
  });
});
