/** What a failure leaves to time, and what it does not, in plain groups and in instances of expanded ones. */

import { expect, test } from "vitest";
import type { ExpansionDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import { expansion, group, task, workflow } from "../support/builders.js";
import { MODEL_HANDLERS } from "./handlers.js";
import { isCertain, isExactIn, looseEnds, loosenessOf, type Loose, type LooseOptions } from "./loose.js";
import { runModel, type ModelOutcome } from "./referenceModel.js";

async function looseOf(groups: TaskGroupDefinition[], more: Partial<WorkflowDefinition> = {}, options: LooseOptions = {}): Promise<{ loose: Loose; model: ModelOutcome; nodes: object }> {
  const definition = workflow(groups, more);
  const model = await runModel(definition, {}, MODEL_HANDLERS, { items: 9, characters: 9_999 });
  const loose = looseEnds(definition, model, options);
  return { loose, model, nodes: Object.fromEntries(loose.nodes) };
}

/** In an instance, where `n` is 1 alone. */
const badAtOne = (name: string, more: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { handler: "fail", input: { code: "BAD", retryable: false, untilAttempt: "{{ n = 1 ? 9 : 1 }}" }, ...more });
const bad = (name: string, more: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { handler: "fail", input: { code: "BAD", retryable: false }, ...more });
const two = (more: Partial<ExpansionDefinition> = {}): Partial<TaskGroupDefinition> => ({ expansion: expansion({ array: { n: [0, 1] }, toleratedFailures: 1, ...more }) as ExpansionDefinition });
const failFast = { onFailure: "FAIL_FAST" as const };

test("a failure alone is certain, with what it waited for; what waited for it never runs, what is beside it may, and what comes of that may be anything", async () => {
  const { loose, nodes } = await looseOf([
    group("g", [task("first"), bad("fails", { after: ["first"] }), task("waits", { input: "{{ fails ?? 1 }}" }), task("beside")], failFast),
    group("h", [task("reads", { input: "{{ beside ?? 0 }}" }), task("free")]),
  ]);
  expect(nodes).toEqual({ "g.waits": "DOOMED", "g.beside": "CUT", "h.reads": "SWAYED" });
  expect([loose.cut, [...loose.groups]]).toEqual([false, ["h"]]);
});

test("of two failures each may cancel the other, and what waits for one of them is not sure to be cancelled by it", async () => {
  const { nodes } = await looseOf([group("g", [bad("one"), bad("two"), task("waits", { input: "{{ one ?? 1 }}" })], failFast)]);
  expect(nodes).toEqual({ "g.one": "CUT", "g.two": "CUT", "g.waits": "SWAYED" });
});

test("what a failing task waited for may go on where that was skipped", async () => {
  const late = task("late", { input: "{{ missing & slow }}" });
  const { nodes } = await looseOf([
    group("g", [task("slow"), late, bad("fails", { optionalDependencies: ["late"] })], failFast), group("h", [bad("missing", { onFailure: "IGNORE" })]),
  ]);
  expect(nodes).toEqual({ "g.slow": "CUT" });
});

test("a swayed task that may fail cancels in turn", async () => {
  const { nodes } = await looseOf([
    group("g", [bad("fails"), task("beside")], failFast),
    group("h", [task("swayed", { input: "{{ beside ?? 0 }}" }), task("other")], failFast),
    group("i", [task("ignored", { input: "{{ beside ?? 0 }}", onFailure: "IGNORE" }), task("calm")], failFast),
  ]);
  expect(nodes).toEqual({ "g.beside": "CUT", "h.swayed": "SWAYED", "h.other": "CUT", "i.ignored": "SWAYED" });
});

test("in an instance it is about that instance; all else is certain, its own end too", async () => {
  const { loose, model, nodes } = await looseOf([group("each", [badAtOne("fails"), task("beside"), task("waits", { after: ["fails"] })], {
    ...two(), ...failFast, groups: [group("deep", [task("leaf", { after: ["each.fails"] })], { expansion: expansion({ array: { m: [1] } }) as ExpansionDefinition }), group("plain", [task("inner")])],
  }), group("last", [task("end", { after: ["each.fails"] })])]);
  expect(nodes).toEqual({ "each[1].beside": "CUT", "each[1].waits": "DOOMED", "each[1].deep": "DOOMED", "each[1].plain.inner": "CUT" });
  expect([...loose.groups]).toEqual(["each[1].plain"]);
  expect(["each", "each[0]", "each[1]", "each[0].plain", "each[1].plain", "each[1].deep", "each[1].deep[0]"].map((address) => isCertain(loose, address))).toEqual([true, true, true, true, false, false, false]);
  const [zero, one] = model.groups[0]?.instances ?? [];
  expect([model, zero, one].map((nodes) => isExactIn(loose, (nodes as ModelOutcome).scope))).toEqual([true, true, false]);
});

test("which failure an instance is remembered by may be left to time, and then so is what is made of it", async () => {
  const reads = group("last", [task("end", { input: "{{ kept }}" })]);
  const each = (onItemFailure: "ERROR" | "DROP", ...tasks: TaskDefinition[]): TaskGroupDefinition => group("each", [...tasks, task("kept", { after: ["fails"] })], { ...two({ onItemFailure }), ...failFast, resultKeys: ["kept"] });
  expect((await looseOf([each("ERROR", badAtOne("fails"), badAtOne("too")), reads])).nodes).toMatchObject({ each: "VALUE", "last.end": "SWAYED" });
  expect((await looseOf([each("DROP", badAtOne("fails"), badAtOne("too")), reads])).nodes).not.toHaveProperty("each");
  expect((await looseOf([each("ERROR", badAtOne("fails")), reads])).nodes).not.toHaveProperty("each");
});

test("what time decides in a group inside an instance is of the group around as far as it takes it over", async () => {
  const keeps = (onFailure: "FAIL" | "IGNORE", resultKeys: string[]): TaskGroupDefinition => group("outer", [task("reads", { input: "{{ kept }}", onFailure })], {
    expansion: expansion({ array: { m: [1] } }) as ExpansionDefinition, resultKeys,
    groups: [group("each", [badAtOne("fails"), badAtOne("too"), task("kept", { after: ["fails"] })], { ...two({ onItemFailure: "ERROR" }), ...failFast, resultKeys: ["kept"] })],
  });
  const after = (key: string): TaskGroupDefinition => group("last", [task("end", { input: `{{ ${key} }}` })]);
  const inside = { "outer[0].each": "VALUE", "outer[0].reads": "SWAYED" };
  expect((await looseOf([keeps("IGNORE", ["kept"]), after("kept")])).nodes).toMatchObject({ ...inside, outer: "VALUE", "last.end": "SWAYED" });
  const other = await looseOf([keeps("IGNORE", []), group("last", [task("end", { after: ["outer.reads"] })])]);
  expect(other.nodes).toMatchObject(inside);
  expect(other.nodes).not.toHaveProperty("outer");
  expect((await looseOf([keeps("FAIL", []), group("last", [task("end", { after: ["outer.reads"] })])])).nodes).toMatchObject({ ...inside, outer: "SWAYED", "last.end": "SWAYED" });
});

test("an expanded group is cancelled as a whole by what fails beside it, and its own failure cancels what is there", async () => {
  const inside = group("each", [badAtOne("fails")], two({ toleratedFailures: 0 }));
  const beside = await looseOf([group("g", [bad("fails")], { ...failFast, groups: [group("each", [task("calm")], two())] })]);
  expect(beside.nodes).toEqual({ "g.each": "CUT" });
  expect([isCertain(beside.loose, "g"), isCertain(beside.loose, "g.each[0]")]).toEqual([true, false]);
  expect((await looseOf([group("g", [task("beside"), task("after", { after: ["g.each.fails"] })], { ...failFast, groups: [inside] })])).nodes).toEqual({ "g.beside": "CUT", "g.after": "DOOMED" });
});

test("a workflow that fails fast may cancel all that is not listed, and cancels what waits for its failure", async () => {
  const { loose, nodes } = await looseOf([group("g", [bad("fails"), task("beside"), task("waits", { after: ["fails"] })])], { onFailure: "FAIL_FAST" });
  expect([loose.cut, nodes]).toEqual([true, { "g.waits": "DOOMED" }]);
  expect(["g.beside", "g.waits"].map((address) => loosenessOf(loose, address, true))).toEqual(["CUT", "DOOMED"]);
});

/** Those that may have been cancelled although they had to end before what failed: in a workflow that ran once, and in one that was retried. */
async function openBefore(...tasks: TaskDefinition[]): Promise<[string[], string[]]> {
  const of = async (options: LooseOptions): Promise<string[]> => Object.keys((await looseOf([group("g", tasks, failFast)], {}, options)).nodes);
  return [await of({}), await of({ retried: true })];
}
const ignored = bad("ignored", { onFailure: "IGNORE" });

test("retried, what failed may run once more, and be cancelled, although what came after it had completed", async () => {
  expect(await openBefore(ignored, task("kept", { input: "{{ ignored ?? 1 }}" }), bad("fails", { after: ["kept"] }))).toEqual([[], ["g.ignored"]]);
  const skipped = task("skipped", { when: "false", optionalDependencies: ["ignored"] });
  expect(await openBefore(ignored, skipped, bad("fails", { after: ["skipped"] }))).toEqual([[], ["g.ignored"]]);
});

test("retried, what failed waits once more for all before it, and what completed is as it was wherever it stands", async () => {
  expect(await openBefore(ignored, bad("fails", { optionalDependencies: ["ignored"] }))).toEqual([[], []]);
  expect(await openBefore(ignored, bad("second", { optionalDependencies: ["ignored"], onFailure: "IGNORE" }), bad("fails", { optionalDependencies: ["second"] }))).toEqual([[], []]);
  const first = task("first");
  expect(await openBefore(first, bad("ignored", { after: ["first"], onFailure: "IGNORE" }), task("kept", { input: "{{ ignored ?? 1 }}" }), bad("fails", { after: ["kept"] }))).toEqual([[], ["g.ignored"]]);
});

test("retried, items that were there go on at once, also when what was before them runs once more", async () => {
  const items = { expansion: expansion({ array: { v: [1] } }) };
  expect(await openBefore(ignored, bad("fails", { optionalDependencies: ["ignored"], ...items }))).toEqual([[], ["g.ignored"]]);
  expect(await openBefore(ignored, bad("fails", { optionalDependencies: ["ignored"], expansion: expansion({ array: { v: "$number('x')" } }) }))).toEqual([[], []]);
});

test("retried, a swayed task that had items waits for nothing either", async () => {
  const swayed = task("swayed", { input: "{{ [beside, ignored] }}", optionalDependencies: ["beside", "ignored"], expansion: expansion({ array: { v: [1] } }) });
  const of = async (options: LooseOptions): Promise<object> => (await looseOf([group("g", [bad("fails"), task("beside")], failFast), group("h", [ignored, swayed], failFast)], {}, options)).nodes;
  expect(await of({})).toEqual({ "g.beside": "CUT", "h.swayed": "SWAYED" });
  expect(await of({ retried: true })).toEqual({ "g.beside": "CUT", "h.swayed": "SWAYED", "h.ignored": "CUT" });
});
