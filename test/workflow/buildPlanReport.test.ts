/** What planWorkflow answers. */

import { describe, expect, test } from "vitest";
import { buildPlanReport } from "../../src/workflow/buildPlanReport.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { withExpansions } from "../../src/workflow/planEstimate.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../support/builders.js";
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

describe("warnings of what is only likely", () => {
  test("a key that can be done without, close to one that there is", () => {
    expect(warnings({ customer: 1 }, task("x", { input: "{{ custmer ?? 'nobody' }} {{ other ?? 1 }}" }))).toEqual([["MISSPELT_KEY", "groups[0].tasks[0].input"]]);
    const custom = expansion({ custom: { expression: "[{ 'client': 1 }]" }, maxParallel: 1 });
    expect(warnings({ customer: 1 }, task("x", { input: "{{ custmer }} {{ client }}", expansion: custom }))).toEqual([["MISSPELT_KEY", "groups[0].tasks[0].input"]]);
    expect(warnings({ customer: 1 }, task("x", { input: "{{ custmer }}", expansion: expansion({ array: { custmer: [1] } }) }))).toEqual([]);
  });

  test("requests that are repeated although they change something", () => {
    const http = (input: JsonObject): TaskDefinition => task("x", { handler: "http", timeoutMs: 1, input, retry: retry() });
    expect(warnings({}, http({ url: "u", method: "post" }))).toEqual([["REPEATED_CALL", "groups[0].tasks[0].retry"]]);
    expect(warnings({}, http({ url: "u", method: "POST", headers: { "Idempotency-Key": "{{ $workflow.id }}" } }))).toEqual([]);
    expect(warnings({}, http({ url: "u", method: "PUT" }))).toEqual([]);
    expect(warnings({}, http({ url: "u" }))).toEqual([]);
  });

  test("more calls of another server at once than a hundred", () => {
    const calls = (parts: Parameters<typeof expansion>[0]): TaskDefinition => task("x", { handler: "http", timeoutMs: 1, expansion: expansion(parts) });
    const list = Array.from({ length: 11 }, (_, i) => i);
    expect(warnings({}, calls({ matrix: { a: list, b: list } }))).toEqual([["UNBOUNDED_PARALLEL", "groups[0].tasks[0].expansion.maxParallel"]]);
    expect(warnings({}, calls({ matrix: { a: list, b: list }, maxParallel: 5 }))).toEqual([]);
    expect(warnings({}, calls({ array: { a: list } }))).toEqual([]);
  });

  test("an identifier that leaves out an axis", () => {
    const identified = (identifier: string): TaskDefinition => task("x", { expansion: expansion({ matrix: { a: [1, 2], b: [1, 2], c: [1] }, identifier }) });
    expect(warnings({}, identified("{{ a }}"))).toEqual([["PARTIAL_IDENTIFIER", "groups[0].tasks[0].expansion.identifier"]]);
    expect(warnings({}, identified("{{ a }}-{{ b }}"))).toEqual([]);
    expect(warnings({}, identified("{{ a }}-{{ $index }}"))).toEqual([]);
  });

  test("no warning of keys that the schema of the context declares", () => {
    const definition = workflow([group("g", [task("x", { input: "{{ a }} {{ b }}" })])], { contextSchema: { properties: { a: {} } } });
    expect(buildPlanReport(definition, undefined, knownHandlers).warnings.map(({ code, message }) => [code, message])).toEqual([["UNKNOWN_KEY", "g.x reads b, which no task writes"]]);
  });
});

test("keys that only templates reveal, once each, when there is a contextSchema that leaves them out", () => {
  const declares = (properties: JsonObject, more: JsonObject = {}): Parameters<typeof workflow>[1] => ({ contextSchema: { type: "object", properties, ...more } });
  const reads = [task("x", { input: "{{ a }} {{ b }}", dependencies: ["c"] }), task("y", { input: "{{ b }} {{ c }} {{ d ?? 1 }} {{ x }}", after: ["x"] })];
  const codes = (parts: Parameters<typeof workflow>[1], context: JsonObject | undefined): unknown[] =>
    buildPlanReport(workflow([group("g", reads)], parts), context, knownHandlers).warnings.map(({ code, path, message }) => [code, path, message.split(" ")[2]]);
  const given = { a: 1, b: 2, c: 3 };
  expect(codes(declares({ a: {} }), given)).toEqual([["UNDECLARED_KEY", "groups[0].tasks[0].input", "b,"], ["UNDECLARED_KEY", "groups[0].tasks[1].input", "d,"]]);
  expect(codes(declares({ a: {} }, { patternProperties: { "^[bd]$": {} } }), given)).toEqual([]);
  expect(codes({ ...declares({ a: {}, d: {} }), externalKeys: ["b"] }, { a: 1, c: 3 })).toEqual([]);
  expect(codes({}, given)).toEqual([]);
  // What is missed anyway is told once.
  expect(codes(declares({ a: {} }), undefined)).toEqual([["UNKNOWN_KEY", "groups[0].tasks[0].dependencies[0]", "c,"], ["UNKNOWN_KEY", "groups[0].tasks[0].input", "b,"], ["UNDECLARED_KEY", "groups[0].tasks[1].input", "d,"]]);
});

test("an http call is bounded by any time that ends it; a compensation's by that of its input", () => {
  expect(warnings({}, task("x", { handler: "http", input: { url: "u" }, totalTimeoutMs: 5_000 }))).toEqual([]);
  const undone = (input: JsonObject): TaskDefinition => task("x", { compensate: { handler: "http", input: { url: "u", ...input } } });
  expect(warnings({}, undone({}))).toEqual([["NO_TIMEOUT", "groups[0].tasks[0].compensate.input.timeout"]]);
  expect(warnings({}, undone({ timeout: "5s" }))).toEqual([]);
});

describe("with the context", () => {
  const told = async (context: JsonObject, ...tasks: TaskDefinition[]): Promise<{ tasks: number | undefined; warned: [string, string | undefined][] }> => {
    const { estimatedTasks, warnings: all } = await withExpansions(buildPlanReport(oneGroup(...tasks), context, knownHandlers), oneGroup(...tasks), context);
    return { tasks: estimatedTasks, warned: all.map(({ code, path }) => [code, path]) };
  };

  test("the number of tasks is exact, filters and expressions included", async () => {
    const some = task("x", { expansion: expansion({ array: { v: "xs[$ > 1]" }, filter: "v < 4", maxParallel: 1 }) });
    expect(await told({ xs: [1, 2, 3, 4] }, some, task("y"))).toEqual({ tasks: 3, warned: [] });
    expect(await told({}, task("xs"), some)).toEqual({ tasks: undefined, warned: [] });
    expect(await told({}, task("y", { expansion: expansion({ array: { v: "xs ?? [1, 2]" }, maxParallel: 1 }) }))).toEqual({ tasks: 2, warned: [] });
    expect(await told({}, task("y", { expansion: expansion({ array: { v: "[$workflow.id]" }, maxParallel: 1 }) }))).toEqual({ tasks: undefined, warned: [] });
  });

  test("an expansion that will fail is a warning with its code", async () => {
    const twice = task("x", { expansion: expansion({ array: { v: "xs" }, identifier: "{{ v.id }}", maxParallel: 1 }) });
    expect(await told({ xs: [{ id: 1 }, { id: 1 }] }, twice)).toMatchObject({ warned: [["EXPANSION_IDENTIFIER", "groups[0].tasks[0].expansion"]] });
    expect(await told({ xs: 7 }, twice)).toMatchObject({ warned: [["EXPANSION_NOT_LIST", "groups[0].tasks[0].expansion"]] });
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
