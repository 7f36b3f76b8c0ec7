/** Groups that are expanded as a whole, on a real engine: scopes, order, collected keys, failures. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import type { ExpansionDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../../src/workflow/definition.js";
import type { JsonValue } from "../../../src/workflow/json.js";
import { expansion, group, task, workflow } from "../../support/builders.js";
import { CALLER, eventsOf, startTestNode } from "../../support/testNode.js";
import { instanceStates, runToEnd } from "./groupRun.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => node.stop());

/** Evaluates over the data. */
const gives = (name: string, expression: string, data: JsonValue, parts: Partial<TaskDefinition> = {}): TaskDefinition =>
  task(name, { handler: "transform", input: { expression, data }, ...parts });
/** Fails where its item says so. */
const failsAt = (name: string, parts: Partial<TaskDefinition> = {}): TaskDefinition =>
  task(name, { handler: "fail", input: { code: "BAD", untilAttempt: "{{ n.bad ? 9 : 1 }}", result: "{{ n.v }}" }, ...parts });
const over = (list: string, parts: Partial<ExpansionDefinition> = {}): Partial<TaskGroupDefinition> => ({ expansion: expansion({ array: { n: list }, ...parts }) });
const ns = (...bad: boolean[]): JsonValue => bad.map((isBad, v) => ({ v, bad: isBad }));

describe("scopes", () => {
  test("reads go outward, writes stay inside and are collected per key in item order", async () => {
    const { detail, context, tasks } = await runToEnd(node, workflow([
      group("each", [gives("double", "a * 2", { a: "{{ n }}" }), gives("plus", "a + f", { a: "{{ double }}", f: "{{ factor }}" })], over("list")),
      group("end", [gives("sum", "$sum($)", "{{ plus }}")]),
    ]), { list: [1, 2, 3], factor: 10 });
    expect(detail.status).toBe("COMPLETED");
    expect(context).toMatchObject({ double: [2, 4, 6], plus: [12, 14, 16], sum: 42 });
    expect(context).not.toHaveProperty("n");
    expect(tasks).toEqual({
      "each[0].double": "COMPLETED", "each[0].plus": "COMPLETED", "each[1].double": "COMPLETED", "each[1].plus": "COMPLETED",
      "each[2].double": "COMPLETED", "each[2].plus": "COMPLETED", "end.sum": "COMPLETED",
    });
  });

  test("a key inside may have the name of one outside: it is another key", async () => {
    const { context } = await runToEnd(node, workflow([
      group("each", [gives("x", "n * 10", { n: "{{ n }}" }), gives("y", "$", "{{ x }}")], { ...over("[1, 2]"), resultKeys: ["y"] }),
      group("other", [gives("z", "$", "{{ x }}")]),
    ]), { x: "outer" });
    expect(context).toEqual({ x: "outer", y: [10, 20], z: "outer" });
  });

  test("$index and $item are the instance's, and inside an expanded task the item's", async () => {
    const { context } = await runToEnd(node, workflow([group("each", [
      gives("at", "$", { i: "{{ $index }}", n: "{{ $item.n }}" }),
      gives("deep", "$", "{{ $index }}/{{ n }}/{{ m }}", { expansion: expansion({ array: { m: ["p", "q"] } }) }),
    ], over("[\"a\", \"b\"]"))]));
    expect(context.at).toEqual([{ i: 0, n: "a" }, { i: 1, n: "b" }]);
    expect(context.deep).toEqual([["0/a/p", "1/a/q"], ["0/b/p", "1/b/q"]]);
  });

  test("groups expand in groups, to any depth, with identifiers in the addresses", async () => {
    const { context, tasks, detail } = await runToEnd(node, workflow([group("a", [gives("who", "$", "{{ x.id }}")], {
      expansion: expansion({ array: { x: "xs" }, identifier: "{{ x.id }}" }),
      groups: [group("b", [gives("what", "$", "{{ who }}-{{ y }}")], {
        expansion: expansion({ array: { y: "x.ys" } }),
        groups: [group("c", [gives("leaf", "$", "{{ what }}-{{ z }}", { expansion: expansion({ array: { z: [1, 2] } }) })])],
      })],
    })]), { xs: [{ id: "one", ys: ["p", "q"] }, { id: "two", ys: [] }] });
    expect(detail.status).toBe("COMPLETED");
    expect(context.leaf).toEqual([[["one-p-1", "one-p-2"], ["one-q-1", "one-q-2"]], []]);
    expect(tasks).toEqual({
      "a[one].who": "COMPLETED", "a[one].b[0].what": "COMPLETED", "a[one].b[0].c.leaf": "COMPLETED",
      "a[one].b[1].what": "COMPLETED", "a[one].b[1].c.leaf": "COMPLETED", "a[two].who": "COMPLETED",
    });
    expect(detail.counts).toMatchObject({ total: 8, completed: 8 });
    const leaf = await node.engine.task(detail, "a[one].b[1].c.leaf");
    expect(leaf && await node.engine.result(leaf)).toEqual(["one-q-1", "one-q-2"]);
    const items = leaf && await node.engine.items(leaf, {}, { first: 10 });
    expect(items?.edges.map(({ node: item }) => item.result)).toEqual(["one-q-1", "one-q-2"]);
  });

  test("what comes from outside and fails to come skips only the tasks that need it", async () => {
    const { tasks, context, detail } = await runToEnd(node, workflow([
      group("out", [task("broken", { handler: "fail", input: { code: "BAD" }, onFailure: "IGNORE" }), gives("fine", "$", 7)]),
      group("each", [gives("needs", "$", "{{ broken }}"), gives("after", "$", "{{ needs }}"), gives("free", "$", "{{ n }}-{{ fine }}")], over("[1, 2]")),
    ]));
    expect(detail.status).toBe("COMPLETED");
    expect(tasks).toMatchObject({ "each[0].needs": "SKIPPED UPSTREAM", "each[0].after": "SKIPPED UPSTREAM", "each[0].free": "COMPLETED", "each[1].free": "COMPLETED" });
    expect(context).toMatchObject({ free: ["1-7", "2-7"], needs: [null, null] });
  });

  test("a task that cannot run for what is outside does not run for what it could do without inside", async () => {
    const { tasks } = await runToEnd(node, workflow([
      group("out", [task("broken", { handler: "fail", input: { code: "BAD" } })]),
      group("each", [task("first", { after: ["out.broken"] }), task("second", { after: ["out.broken"], optionalDependencies: ["first"] }), gives("third", "n", { n: "{{ n }}" }, { optionalDependencies: ["second"] })], over("[1]")),
    ]));
    expect(tasks).toMatchObject({ "each[0].first": "SKIPPED UPSTREAM", "each[0].second": "SKIPPED UPSTREAM", "each[0].third": "COMPLETED" });
  });

  test("a variable that an included item lacks is no key from outside", async () => {
    const { tasks } = await runToEnd(node, workflow([group("each", [task("reads", { input: "{{ a }}" })], {
      expansion: expansion({ matrix: { a: "[1]", b: "[]" }, include: [{ extra: 1 }], failFast: false }),
    })]), { a: "outside" });
    expect(tasks).toEqual({ "each[0].reads": "FAILED TEMPLATE_UNRESOLVED" });
  });

  test("several writers inside one instance combine by the key's reducer", async () => {
    const { context } = await runToEnd(node, workflow([group("each", [
      gives("a", "n", { n: "{{ n }}" }, { resultKeys: ["k"] }), gives("b", "n * 10", { n: "{{ n }}" }, { resultKeys: ["k"] }), gives("read", "$", "{{ k }}"),
    ], over("[1, 2]"))], { reducers: [{ key: "k", reducer: "APPEND" }] }));
    expect(context.read).toEqual([[1, 10], [2, 20]]);
    expect(context.k).toEqual([[[1, 10], [2, 20]]]);
  });
});

describe("what is collected", () => {
  const collected = async (parts: Partial<ExpansionDefinition>, list = "[3, 1, 2]"): Promise<JsonValue | undefined> =>
    (await runToEnd(node, workflow([group("g", [gives("v", "[n, n]", { n: "{{ n }}" })], over(list, parts))]))).context.v;

  test("MERGE, SEPARATE, SINGLE, flatten, reduce", async () => {
    expect(await collected({})).toEqual([[3, 3], [1, 1], [2, 2]]);
    expect(await collected({ flatten: true })).toEqual([3, 3, 1, 1, 2, 2]);
    expect(await collected({ outputFormat: "SEPARATE", identifier: "n{{ n }}" })).toEqual({ n3: [3, 3], n1: [1, 1], n2: [2, 2] });
    expect(await collected({ outputFormat: "SINGLE" })).toEqual([2, 2]);
    expect(await collected({ outputFormat: "SINGLE", reduce: "$sum($results.v)" })).toBe(12);
  });

  test("no items: nothing runs, and the keys are empty", async () => {
    expect(await collected({}, "[]")).toEqual([]);
    expect(await collected({ outputFormat: "SEPARATE" }, "[]")).toEqual({});
    expect(await collected({ outputFormat: "SINGLE" }, "[]")).toBeNull();
  });

  test("a nested matrix keeps its shape", async () => {
    const { context } = await runToEnd(node, workflow([group("g", [gives("v", "$", "{{ a }}{{ b }}")],
      { expansion: expansion({ matrix: { a: ["x", "y"], b: [1, 2] }, nested: true }) })]));
    expect(context.v).toEqual([["x1", "x2"], ["y1", "y2"]]);
  });
});

describe("failures", () => {
  const failing = (parts: Partial<ExpansionDefinition>, more: Partial<WorkflowDefinition> = {}): WorkflowDefinition => workflow([
    group("g", [failsAt("v"), gives("w", "$", "{{ v }}"), gives("free", "$", "{{ n.v }}")], over("list", parts)),
    group("end", [gives("last", "$", "{{ v }}")]),
  ], more);

  test("one instance fails, the group fails, and so does what reads it; the other tasks of the instance go on", async () => {
    const { detail, tasks } = await runToEnd(node, failing({ failFast: false }), { list: ns(false, true, false) });
    expect(detail.status).toBe("FAILED");
    expect(detail.error).toMatchObject({ code: "TOLERANCE_EXCEEDED", task: "g" });
    expect(tasks).toEqual({
      "g[0].v": "COMPLETED", "g[0].w": "COMPLETED", "g[0].free": "COMPLETED", "g[1].v": "FAILED BAD", "g[1].w": "SKIPPED UPSTREAM", "g[1].free": "COMPLETED",
      "g[2].v": "COMPLETED", "g[2].w": "COMPLETED", "g[2].free": "COMPLETED", "end.last": "SKIPPED UPSTREAM",
    });
    expect((await instanceStates(node, detail, "g")).map(({ status }) => status)).toEqual(["COMPLETED", "FAILED", "COMPLETED"]);
  });

  test.each([
    ["DROP", [0, 2]], ["NULL", [0, null, 2]], ["ERROR", [0, { $error: { code: "BAD", message: expect.any(String) as string } }, 2]],
  ] as const)("a tolerated instance leaves its keys by onItemFailure %s", async (onItemFailure, slots) => {
    const { detail, context } = await runToEnd(node, failing({ toleratedFailures: 1, onItemFailure }), { list: ns(false, true, false) });
    expect(detail.status).toBe("COMPLETED");
    expect(context.v).toEqual(slots);
    expect(context.last).toEqual(slots);
    expect(context.free).toEqual(slots);
  });

  test("an instance whose tasks were all skipped completed, as its end in the log says", async () => {
    const { detail } = await runToEnd(node, workflow([group("g", [task("never", { when: "false" })], over("[1, 2]"))]));
    expect((await instanceStates(node, detail, "g")).map(({ status }) => status)).toEqual(["COMPLETED", "COMPLETED"]);
    expect((await node.engine.group(detail, "g[1]"))?.status).toBe("COMPLETED");
  });

  test("an instance failed when the fallback of one of its tasks does", async () => {
    const { detail } = await runToEnd(node, workflow([
      group("g", [failsAt("v", { onFailure: "FALLBACK", fallback: "{{ n.nowhere }}" })], over("list", { toleratedFailures: 1 })),
    ]), { list: ns(true, false) });
    expect((await instanceStates(node, detail, "g")).map(({ status }) => status)).toEqual(["FAILED", "COMPLETED"]);
  });

  test("too many failures cancel the instances that have not ended, and those that never start", async () => {
    const { detail, tasks } = await runToEnd(node, failing({ maxParallel: 1 }), { list: ns(false, true, false, false) });
    expect(tasks).toMatchObject({ "g[0].free": "COMPLETED", "g[1].v": "FAILED BAD", "g[2].v": "CANCELLED", "g[3].free": "CANCELLED", "end.last": "SKIPPED UPSTREAM" });
    expect(detail.counts).toMatchObject({ total: 13, pending: 0, ready: 0, running: 0, failed: 1, cancelled: 6 });
    expect((await instanceStates(node, detail, "g")).map(({ status }) => status)).toEqual(["COMPLETED", "FAILED", "CANCELLED", "CANCELLED"]);
  });
});

test("tasks of groups in instances that never start count as cancelled, as everything else that does not run", async () => {
  const { detail } = await runToEnd(node, workflow([group("g", [failsAt("v")], {
    ...over("list", { maxParallel: 1 }), groups: [group("deep", [gives("w", "n", { n: "{{ m }}" })], over("[1]", { array: { m: "[1]" } }))],
  })]), { list: ns(true, false) });
  const [, never] = await instanceStates(node, detail, "g");
  expect(never?.groups[0]).toMatchObject({ status: "CANCELLED", counts: { total: 1, cancelled: 1 } });
});

test("instances run side by side, each at its own pace, and their events carry their addresses", async () => {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, {
    definition: workflow([group("g", [gives("a", "$", "{{ n }}"), gives("b", "$", "{{ a }}")], over("[1, 2]", { maxParallel: 1 }))]),
  });
  const events = await eventsOf(node, workflowId as string);
  const told = events.map((event) => `${event.type} ${event.kind === "task" ? event.task : event.kind === "group" ? event.group : ""}`.trim());
  expect(told.filter((line) => !line.startsWith("WORKFLOW") && !line.startsWith("TASK_READY") && !line.startsWith("TASK_STARTED"))).toEqual([
    "GROUP_STARTED g", "TASK_EXPANDED g", "GROUP_STARTED g[0]", "TASK_COMPLETED g[0].a", "TASK_COMPLETED g[0].b", "GROUP_COMPLETED g[0]",
    "GROUP_STARTED g[1]", "TASK_COMPLETED g[1].a", "TASK_COMPLETED g[1].b", "GROUP_COMPLETED g[1]", "GROUP_COMPLETED g", "CONTEXT_UPDATED",
  ]);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
});
