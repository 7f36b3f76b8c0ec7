/** The reference itself on expanded groups: small workflows whose outcome is worked out by hand. */

import { describe, expect, test } from "vitest";
import type { ExpansionDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { expansion, group, task, workflow } from "../support/builders.js";
import { MODEL_HANDLERS } from "./handlers.js";
import { allInstances, runModel, type ModelNode, type ModelOutcome } from "./referenceModel.js";

const echo = (value: JsonValue, parts: Partial<TaskDefinition> = {}): Partial<TaskDefinition> => ({ handler: "echo", input: { value }, ...parts });
const fails = (code: string, parts: Partial<TaskDefinition> = {}): Partial<TaskDefinition> => ({ handler: "fail", input: { code, message: `it is ${code}`, retryable: false }, ...parts });
/** Fails for the items of which that is true, and gives null for the others. */
const failsIf = (condition: string, code = "BAD"): Partial<TaskDefinition> => ({
  handler: "fail", input: { code, message: `it is ${code}`, retryable: false, untilAttempt: `{{ ${condition} ? 9 : 1 }}`, result: null },
});
const over = (variable: string, list: JsonValue, parts: Partial<ExpansionDefinition> = {}): ExpansionDefinition => expansion({ array: { [variable]: list }, ...parts });
const expanded = (name: string, by: ExpansionDefinition, tasks: TaskDefinition[], parts: Partial<TaskGroupDefinition> = {}): TaskGroupDefinition => group(name, tasks, { expansion: by, ...parts });

function run(definition: WorkflowDefinition, context: JsonObject = {}): Promise<ModelOutcome> {
  return runModel(definition, context, MODEL_HANDLERS, { items: 100, characters: 10_000 });
}

/** "address status code" of every task and group, those in instances after those around them. */
function statuses(outcome: ModelOutcome): string[] {
  const say = ({ address, status, errorCode }: ModelNode): string => [address, status, ...(errorCode ? [errorCode] : [])].join(" ");
  return [outcome, ...allInstances(outcome)].flatMap(({ tasks, groups }) => [...tasks, ...groups].map(say));
}

describe("names", () => {
  test("mean a key of the same scope, else a variable of the item, else what they mean further out", async () => {
    const outcome = await run(workflow([
      expanded("enrich", over("who", ["ann", "bob"]), [
        task("greet", echo("{{ base }}, {{ who }} {{ $index }}")),
        task("shout", echo("{{ greet }}!")),
      ]),
      // Declared after the group, which waits for it all the same.
      group("before", [task("base", echo("base of {{ who }}"))]),
      group("after", [task("all", echo("{{ shout }}"))]),
    ]), { who: "all" });
    expect(outcome.context).toEqual({
      who: "all", base: "base of all", greet: ["base of all, ann 0", "base of all, bob 1"],
      shout: ["base of all, ann 0!", "base of all, bob 1!"], all: ["base of all, ann 0!", "base of all, bob 1!"],
    });
    expect(statuses(outcome)).toEqual([
      "before.base COMPLETED", "after.all COMPLETED", "enrich COMPLETED",
      "enrich[0].greet COMPLETED", "enrich[0].shout COMPLETED", "enrich[1].greet COMPLETED", "enrich[1].shout COMPLETED",
    ]);
  });

  test("of keys written inside are other keys than those of the same name around them", async () => {
    const outcome = await run(workflow([
      expanded("enrich", over("x", [1, 2]), [task("own", echo("{{ x }}", { resultKeys: ["flag"] })), task("seen", echo("{{ flag }}"))], { resultKeys: ["seen"] }),
      group("after", [task("outer", echo("{{ [flag, seen] }}"))]),
    ]), { flag: "outside" });
    expect(outcome.context).toEqual({ flag: "outside", seen: [1, 2], outer: ["outside", 1, 2] });
  });

  test("of keys written inside never mean those further out, whether the inner one came or not", async () => {
    const outcome = await run(workflow([expanded("enrich", over("x", [1, 2]), [
      task("may", echo({ may: "{{ x }}" }, { resultKeys: [], optionalResultKeys: ["may", "a"] })),
      task("reads", echo("{{ a }}")),
      task("never", { ...echo(1), when: "false", resultKeys: ["b"] }),
      task("looks", echo("{{ b ?? 'nothing' }}")),
      task("needs", echo("{{ b }}")),
    ], { resultKeys: ["reads", "looks", "needs"] })]), { a: "outer a", b: "outer b" });
    expect(outcome.context).toEqual({ a: "outer a", b: "outer b", reads: [null, null], looks: ["nothing", "nothing"], needs: [null, null] });
    expect(statuses(outcome)).toContain("enrich[1].reads SKIPPED UPSTREAM");
    expect(statuses(outcome)).toContain("enrich[1].needs SKIPPED UPSTREAM");
  });

  test("of variables that only some items have mean what is outside for the others, and skip the task when that did not come", async () => {
    const some = expansion({ custom: { expression: "[{\"w\": 1}, {}]" } });
    const outcome = await run(workflow([
      group("before", [task("w", { ...echo(1), when: "false" }), task("u", echo("outer"))]),
      expanded("enrich", some, [task("needs", echo("{{ w }}")), task("other", echo("{{ u }}"))]),
    ]));
    expect(outcome.context).toEqual({ u: "outer", needs: [1, null], other: ["outer", "outer"] });
    expect(statuses(outcome)).toContain("enrich[1].needs SKIPPED UPSTREAM");
  });
});

describe("what comes from outside", () => {
  test("and did not come skips the inner task that needs it in every instance, and no other", async () => {
    const outcome = await run(workflow([
      expanded("enrich", over("x", ["a", "b"], { identifier: "{{ x }}" }), [
        task("needs", echo("{{ gone }}")), task("may", echo("{{ gone ?? x }}")), task("follows", echo(1, { after: ["before.broken"] })), task("late", echo(2, { after: ["before.fine"] })),
      ]),
      group("before", [task("gone", { ...echo(1), when: "false" }), task("broken", fails("BAD")), task("fine", echo(1))]),
    ]));
    expect(statuses(outcome)).toEqual([
      "before.gone SKIPPED CONDITION", "before.broken FAILED BAD", "before.fine COMPLETED", "enrich COMPLETED",
      ...["a", "b"].flatMap((id) => [`enrich[${id}].needs SKIPPED UPSTREAM`, `enrich[${id}].may COMPLETED`, `enrich[${id}].follows SKIPPED UPSTREAM`, `enrich[${id}].late COMPLETED`]),
    ]);
    expect(outcome.context).toEqual({ fine: 1, needs: [null, null], may: ["a", "b"], follows: [null, null], late: [2, 2] });
  });

  test("and is needed by the group itself skips the whole group, and what needs its keys or comes after its tasks", async () => {
    const outcome = await run(workflow([
      group("before", [task("gone", { ...echo(1), when: "false" })]),
      expanded("enrich", over("x", "gone"), [task("score", echo("{{ x }}"))]),
      group("after", [task("reads", echo("{{ score }}")), task("follows", echo(1, { after: ["enrich.score"] }))]),
    ]));
    expect(statuses(outcome)).toEqual(["before.gone SKIPPED CONDITION", "after.reads SKIPPED UPSTREAM", "after.follows SKIPPED UPSTREAM", "enrich SKIPPED UPSTREAM"]);
    expect([outcome.status, outcome.context]).toEqual(["COMPLETED", {}]);
  });
});

describe("failed instances", () => {
  const rows = (by: Partial<ExpansionDefinition>): WorkflowDefinition => workflow([
    expanded("enrich", over("x", [1, 2, 3], { failFast: false, ...by }), [task("first", echo("{{ x }}")), task("second", failsIf("x = 2")), task("third", echo("{{ second }}"))]),
    group("after", [task("count", echo("{{ $count(first) }}")), task("follows", echo(1, { after: ["enrich.first"] }))]),
  ]);

  test("beyond what is tolerated fail the group, the scope around it and what depends on it", async () => {
    const outcome = await run(rows({}));
    expect([outcome.status, outcome.context]).toEqual(["FAILED", {}]);
    expect(statuses(outcome)).toEqual([
      "after.count SKIPPED UPSTREAM", "after.follows SKIPPED UPSTREAM", "enrich FAILED TOLERANCE_EXCEEDED",
      "enrich[0].first COMPLETED", "enrich[0].second COMPLETED", "enrich[0].third COMPLETED",
      "enrich[1].first COMPLETED", "enrich[1].second FAILED BAD", "enrich[1].third SKIPPED UPSTREAM",
      "enrich[2].first COMPLETED", "enrich[2].second COMPLETED", "enrich[2].third COMPLETED",
    ]);
    expect(outcome.groups[0]?.instances?.map(({ status }) => status)).toEqual(["COMPLETED", "FAILED", "COMPLETED"]);
  });

  test("that are tolerated leave nothing, null or their first failure in every key, whatever they wrote", async () => {
    const error = { $error: { code: "BAD", message: "it is BAD" } };
    const drop = await run(rows({ toleratedFailures: 1 }));
    expect(drop.context).toEqual({ first: [1, 3], second: [null, null], third: [null, null], count: 2, follows: 1 });
    const nulls = await run(rows({ toleratedFailures: 1, onItemFailure: "NULL" }));
    expect(nulls.context).toEqual({ first: [1, null, 3], second: [null, null, null], third: [null, null, null], count: 3, follows: 1 });
    const errors = await run(rows({ toleratedFailures: 1, onItemFailure: "ERROR", outputFormat: "SEPARATE" }));
    expect(errors.context).toMatchObject({ first: { 0: 1, 1: error, 2: 3 }, second: { 0: null, 1: error, 2: null }, third: { 0: null, 1: error, 2: null } });
    expect([drop.status, nulls.status, errors.status]).toEqual(["COMPLETED", "COMPLETED", "COMPLETED"]);
  });

  test("are those whose task fails them: IGNORE leaves null in the slot, FALLBACK its value", async () => {
    const outcome = await run(workflow([expanded("enrich", over("x", [1, 2]), [
      task("ignored", { ...failsIf("x = 1", "ODD"), onFailure: "IGNORE" }),
      task("mended", { ...failsIf("x = 2", "ODD"), onFailure: "FALLBACK", fallback: "{{ $error.code }} {{ x }}" }),
      task("follows", echo("{{ x }}", { after: ["ignored"] })),
    ])]));
    expect(outcome.context).toEqual({ ignored: [null, null], mended: [null, "ODD 2"], follows: [1, 2] });
    expect([outcome.status, outcome.groups[0]?.status]).toEqual(["COMPLETED", "COMPLETED"]);
  });
});

describe("what a group collects", () => {
  const collecting = (by: Partial<ExpansionDefinition>, parts: Partial<TaskGroupDefinition> = {}, list: JsonValue = "xs"): WorkflowDefinition => workflow([
    expanded("enrich", over("x", list, by), [task("list", echo("{{ [x, x] }}")), task("big", { ...echo("{{ x }}"), when: "x > 1" })], parts),
  ]);

  test("is made of each key separately: lists, flat lists, objects, the last value", async () => {
    const context = { xs: [1, 2] };
    expect((await run(collecting({}), context)).context).toEqual({ ...context, list: [[1, 1], [2, 2]], big: [null, 2] });
    expect((await run(collecting({ flatten: true }), context)).context).toEqual({ ...context, list: [1, 1, 2, 2], big: [null, 2] });
    expect((await run(collecting({ outputFormat: "SEPARATE", identifier: "id{{ x }}" }), context)).context).toEqual({ ...context, list: { id1: [1, 1], id2: [2, 2] }, big: { id1: null, id2: 2 } });
    expect((await run(collecting({ outputFormat: "SINGLE" }), { xs: [2, 1] })).context).toEqual({ xs: [2, 1], list: [1, 1], big: null });
    const nested = { array: undefined, matrix: { x: [1, 2], y: ["a", "b"] }, nested: true };
    expect((await run(collecting(nested))).context).toEqual({ list: [[[1, 1], [1, 1]], [[2, 2], [2, 2]]], big: [[null, null], [2, 2]] });
  });

  test("is empty of no items, and nulls when no instance has a value", async () => {
    expect((await run(collecting({}, {}, []))).context).toEqual({ list: [], big: [] });
    expect((await run(collecting({ outputFormat: "SEPARATE" }, {}, []))).context).toEqual({ list: {}, big: {} });
    expect((await run(collecting({ outputFormat: "SINGLE" }, {}, []))).context).toEqual({ list: null, big: null });
    expect((await run(collecting({}, { resultKeys: ["big"] }, [0, 1]))).context).toEqual({ big: [null, null] });
  });

  test("is what reduce makes of the objects of the result keys, taken apart as a task's result is", async () => {
    const context = { xs: [1, 2] };
    const one = await run(collecting({ outputFormat: "SINGLE", reduce: "$results" }, { resultKeys: ["big"] }), context);
    expect(one.context).toEqual({ ...context, big: [{ big: null }, { big: 2 }] });
    const two = await run(collecting({ outputFormat: "SINGLE", reduce: "{\"list\": $count($results), \"big\": $results.big}" }), context);
    expect(two.context).toEqual({ ...context, list: 2, big: [null, 2] });
    const lacking = await run(collecting({ outputFormat: "SINGLE", reduce: "{\"list\": 1}" }), context);
    expect([lacking.groups[0]?.errorCode, lacking.status]).toEqual(["RESULT_INVALID", "FAILED"]);
  });

  test("counts as one writer where several write a key, and starts from nothing inside", async () => {
    const outcome = await run(workflow([
      group("before", [task("one", echo("{{ 'first' }}", { resultKeys: ["all"] }))]),
      expanded("enrich", over("x", [1, 2]), [
        task("a", echo("{{ x }}a", { resultKeys: ["all"] })), task("b", echo("{{ x }}b", { resultKeys: ["all"] })), task("read", echo("{{ $count(all) }}", { resultKeys: ["read"] })),
      ]),
      group("after", [task("outer", echo("{{ $count(all) }}"))]),
    ], { reducers: [{ key: "all", reducer: "APPEND" }] }), { all: [0] });
    expect(outcome.context).toEqual({ all: [0, "first", [["1a", "1b"], ["2a", "2b"]]], read: [2, 2], outer: 3 });
  });
});

describe("groups in groups", () => {
  test("have scopes within scopes, with plain groups and expanded tasks inside", async () => {
    const outcome = await run(workflow([expanded("outer", over("x", ["p", "q"], { identifier: "{{ x }}" }), [task("head", echo("{{ x }}{{ base }}"))], {
      groups: [
        group("plain", [task("mid", echo("{{ head }}!"))], {
          groups: [expanded("deep", over("y", "[1..2]"), [task("leaf", echo("{{ head }}{{ x }}{{ y }}{{ $index }}")), task("score", echo("{{ z }}{{ leaf }}", { expansion: over("z", ["s"]) }))], { resultKeys: ["score"] })],
        }),
        group("tail", [task("sum", echo("{{ $count(score) }}", { after: ["outer.plain.deep.leaf"] }))], { dependencies: ["mid"] }),
      ],
    })]), { base: "0" });
    expect(outcome.context).toEqual({
      base: "0", head: ["p0", "q0"], mid: ["p0!", "q0!"], score: [[["sp0p10"], ["sp0p21"]], [["sq0q10"], ["sq0q21"]]], sum: [2, 2],
    });
    expect(statuses(outcome).filter((line) => line.startsWith("outer[q]"))).toEqual([
      "outer[q].head COMPLETED", "outer[q].plain.mid COMPLETED", "outer[q].tail.sum COMPLETED", "outer[q].plain.deep COMPLETED",
      "outer[q].plain.deep[0].leaf COMPLETED", "outer[q].plain.deep[0].score COMPLETED", "outer[q].plain.deep[1].leaf COMPLETED", "outer[q].plain.deep[1].score COMPLETED",
    ]);
  });

  test("fail the instance they stand in, by the first failure in the order of the definition", async () => {
    const outcome = await run(workflow([expanded("outer", over("x", [1, 2], { toleratedFailures: 1, onItemFailure: "ERROR" }), [
      task("slow", { ...failsIf("x = 2", "SECOND"), after: ["quick"] }), task("quick", { ...failsIf("x = 3", "QUICK") }),
    ], { groups: [expanded("deep", over("y", "[x, 1]"), [task("leaf", failsIf("y = 2", "LEAF"))])] })]));
    expect(outcome.context).toEqual({ slow: [null, { $error: { code: "SECOND", message: "it is SECOND" } }], quick: [null, expect.anything()], leaf: [[null, null], expect.anything()] });
    expect(outcome.groups[0]?.instances?.[1]?.groups.map(({ address, errorCode }) => [address, errorCode])).toEqual([["outer[1].deep", "TOLERANCE_EXCEEDED"]]);
    expect(outcome.status).toBe("COMPLETED");
  });

  test("whose items differ in their variables look for the missing ones further out", async () => {
    const custom = expansion({ custom: { expression: "[{\"v\": 1, \"w\": 2}, {\"v\": 3}]" } });
    const outcome = await run(workflow([expanded("outer", over("w", ["outer"]), [], { groups: [expanded("deep", custom, [task("leaf", echo("{{ v }} {{ w }}"))])] })]));
    expect(outcome.context).toEqual({ leaf: [["1 2", "3 outer"]] });
    const nowhere = await run(workflow([expanded("deep", { ...custom, failFast: false }, [task("leaf", echo("{{ w }}"))])]));
    expect(statuses(nowhere)).toEqual(["deep FAILED TOLERANCE_EXCEEDED", "deep[0].leaf COMPLETED", "deep[1].leaf FAILED TEMPLATE_UNRESOLVED"]);
  });
});
