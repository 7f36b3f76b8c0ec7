/** Workflows on a real engine: what runs, in which order, and what stands in the context afterwards. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode } from "../support/testNode.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import type { WorkflowDetail } from "../../src/engine/snapshot.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => node.stop());

const transform = (expression: string, data: JsonValue): { handler: string; input: JsonValue } => ({ handler: "transform", input: { expression, data } });

async function run(definition: WorkflowDefinition, context: JsonObject = {}): Promise<WorkflowDetail & { context: JsonObject }> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition, context });
  expect(problems).toEqual([]);
  const detail = await finished(node, workflowId as string);
  return { ...detail, context: await node.engine.context(workflowId as string) };
}

test("a task's result stands in the context under its name, and the next task reads it", async () => {
  const done = await run(oneGroup(
    task("double", transform("x * 2", { x: "{{ n }}" })),
    task("report", transform("'got ' & d", { d: "{{ double }}" })),
  ), { n: 21 });
  expect(done.status).toBe("COMPLETED");
  expect(done.context).toEqual({ n: 21, double: 42, report: "got 42" });
  expect(done.counts).toMatchObject({ total: 2, completed: 2, pending: 0, ready: 0, running: 0 });
});

test("the log tells every step in order, without a hole", async () => {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("a"), task("b", { after: ["a"] })) });
  const events = await eventsOf(node, workflowId as string);
  expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
  expect(events.map((event) => event.type)).toEqual([
    "WORKFLOW_SUBMITTED", "GROUP_STARTED", "TASK_READY", "WORKFLOW_STARTED", "TASK_STARTED", "TASK_COMPLETED", "CONTEXT_UPDATED",
    "TASK_READY", "TASK_STARTED", "TASK_COMPLETED", "CONTEXT_UPDATED", "GROUP_COMPLETED", "WORKFLOW_COMPLETED",
  ]);
});

test("an array runs once per element, and its results merge in item order", async () => {
  const done = await run(oneGroup(
    task("square", { ...transform("n * n", { n: "{{ n }}" }), expansion: expansion({ array: { n: "numbers" } }) }),
    task("sum", transform("$sum(all)", { all: "{{ square }}" })),
  ), { numbers: Array.from({ length: 250 }, (_, i) => i) });
  expect(done.status).toBe("COMPLETED");
  expect(done.context.square).toEqual(Array.from({ length: 250 }, (_, i) => i * i));
  expect(done.context.sum).toBe(Array.from({ length: 250 }, (_, i) => i * i).reduce((a, b) => a + b));
  expect(done.counts).toMatchObject({ total: 251, completed: 251 });
});

test("a matrix runs every combination, first variable slowest, and SEPARATE keeps them by identifier", async () => {
  const done = await run(oneGroup(task("cell", {
    ...transform("x & y", { x: "{{ x }}", y: "{{ y }}" }),
    expansion: expansion({ matrix: { x: ["a", "b"], y: [1, 2] }, identifier: "{{ x }}-{{ y }}", outputFormat: "SEPARATE" }),
  })));
  expect(done.context.cell).toEqual({ "a-1": "a1", "a-2": "a2", "b-1": "b1", "b-2": "b2" });
  expect(Object.keys(done.context.cell as JsonObject)).toEqual(["a-1", "a-2", "b-1", "b-2"]);
});

test("SINGLE reduces the items' results to one value", async () => {
  const done = await run(oneGroup(task("best", {
    ...transform("n", { n: "{{ n }}" }),
    expansion: expansion({ array: { n: [3, 9, 4] }, outputFormat: "SINGLE", reduce: "$max($results)" }),
  })));
  expect(done.context.best).toBe(9);
});

test("an empty expansion completes with the empty output", async () => {
  const done = await run(oneGroup(task("none", { expansion: expansion({ array: { n: [] } }) })));
  expect(done.status).toBe("COMPLETED");
  expect(done.context.none).toEqual([]);
  expect(done.counts).toMatchObject({ total: 1, completed: 1 });
});

test("a failed task is retried until it succeeds, and its earlier attempts are told", async () => {
  const done = await run(oneGroup(task("flaky", {
    handler: "fail", input: { code: "FLAKY", message: "not yet", untilAttempt: 3, result: "ok" },
    retry: retry({ initialDelayMs: 5, jitter: false }),
  })));
  expect(done.status).toBe("COMPLETED");
  expect(done.context.flaky).toBe("ok");
  const state = done.tasks[0] as NonNullable<(typeof done.tasks)[0]>;
  expect(node.engine.attempts(state).map(({ number, error }) => [number, error?.code])).toEqual([[1, "FLAKY"], [2, "FLAKY"], [3, undefined]]);
});

test("items are retried one by one", async () => {
  const done = await run(oneGroup(task("flaky", {
    handler: "fail", input: { code: "FLAKY", message: "no", untilAttempt: "{{ n }}", result: "{{ n }}" },
    retry: retry({ initialDelayMs: 5, jitter: false }),
    expansion: expansion({ array: { n: [1, 2, 3, 1] } }),
  })));
  expect(done.status).toBe("COMPLETED");
  expect(done.context.flaky).toEqual([1, 2, 3, 1]);
});

test("a failure skips what depends on it, lets the rest finish, and names the first failing task", async () => {
  const done = await run(workflow([
    group("g", [task("bad", { handler: "fail", input: { code: "BAD", message: "broken", retryable: false } }), task("good")]),
    group("h", [task("below", { input: "{{ bad }}" }), task("beside", { input: "{{ good }}" })]),
  ]));
  expect(done.status).toBe("FAILED");
  expect(done.partial).toBe(true);
  expect(done.error).toMatchObject({ code: "BAD", message: "broken", task: "g.bad" });
  expect(done.tasks.map((state) => state.status)).toEqual(["FAILED", "COMPLETED", "SKIPPED", "COMPLETED"]);
  expect(done.tasks[2]?.error).toMatchObject({ code: "UPSTREAM", task: "g.bad" });
  expect(done.groups.map(({ status }) => status)).toEqual(["FAILED", "COMPLETED"]);
});

test("FAIL_FAST cancels the rest", async () => {
  const done = await run(workflow([group("g", [
    task("slow", { handler: "delay", input: { duration: "1h" } }),
    task("bad", { handler: "fail", input: { code: "BAD", message: "broken", retryable: false } }),
  ])], { onFailure: "FAIL_FAST" }));
  expect(done.status).toBe("FAILED");
  expect(done.tasks.map((state) => state.status)).toEqual(["CANCELLED", "FAILED"]);
});

test("IGNORE leaves a failed task behind and completes; FALLBACK completes it with what the fallback says", async () => {
  const fail = { handler: "fail", input: { code: "BAD", message: "broken", retryable: false } };
  const done = await run(oneGroup(
    task("ignored", { ...fail, onFailure: "IGNORE" }),
    task("saved", { ...fail, onFailure: "FALLBACK", fallback: { was: "{{ $error.code }}" } }),
    task("after", { after: ["ignored"] }),
  ));
  expect(done.status).toBe("COMPLETED");
  expect(done.tasks.map((state) => state.status)).toEqual(["FAILED", "COMPLETED", "COMPLETED"]);
  expect(done.context.saved).toEqual({ was: "BAD" });
  expect(done.tasks[1]?.error).toMatchObject({ code: "BAD" });
});

test("a condition that is not truthy skips its task and what reads it, and the workflow completes", async () => {
  const done = await run(oneGroup(
    task("maybe", { when: "wanted" }),
    task("reader", { input: "{{ maybe }}" }),
    task("tolerant", { input: { got: "{{ maybe ?? 'nothing' }}" } }),
    task("later", { after: ["maybe"] }),
  ), { wanted: false });
  expect(done.status).toBe("COMPLETED");
  expect(done.tasks.map((state) => [state.status, state.error?.code])).toEqual([
    ["SKIPPED", "CONDITION"], ["SKIPPED", "UPSTREAM"], ["COMPLETED", undefined], ["COMPLETED", undefined],
  ]);
});

test("a delay holds no worker and completes by itself, also as an item", async () => {
  const done = await run(oneGroup(
    task("wait", { handler: "delay", input: { duration: "20ms" } }),
    task("waits", { handler: "delay", input: { duration: "20ms" }, expansion: expansion({ array: { n: [1, 2, 3] } }) }),
  ));
  expect(done.status).toBe("COMPLETED");
  expect(done.context).toEqual({ wait: null, waits: [null, null, null] });
});

test("items that fail within the tolerance are dropped, and beyond it fail the task", async () => {
  const some = (parts: object) => task("some", {
    handler: "fail", input: { code: "ODD", message: "odd", retryable: false, untilAttempt: "{{ n }}", result: "{{ n }}" },
    expansion: expansion({ array: { n: [1, 2, 1, 2, 1] }, ...parts }),
  });
  const tolerated = await run(oneGroup(some({ toleratedFailures: 2 })));
  expect(tolerated.status).toBe("COMPLETED");
  expect(tolerated.context.some).toEqual([1, 1, 1]);
  const exceeded = await run(oneGroup(some({ toleratedFailures: 1, failFast: false })));
  expect(exceeded.status).toBe("FAILED");
  expect(exceeded.error).toMatchObject({ code: "TOLERANCE_EXCEEDED" });
});

test("cancelling ends a workflow at once", async () => {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("slow", { handler: "delay", input: { duration: "1h" } }), task("next", { input: "{{ slow }}" })) });
  const { problems } = await node.engine.cancelWorkflow(CALLER, workflowId as string, "enough");
  expect(problems).toEqual([]);
  const done = await finished(node, workflowId as string);
  expect(done.status).toBe("CANCELLED");
  expect(done.error).toMatchObject({ code: "CANCELLED", message: "enough" });
  expect(done.tasks.map((state) => state.status)).toEqual(["CANCELLED", "CANCELLED"]);
  expect((await node.engine.cancelWorkflow(CALLER, workflowId as string)).problems[0]?.code).toBe("ALREADY_ENDED");
});

test("several result keys take the fields of those names; a missing one is RESULT_INVALID", async () => {
  const done = await run(oneGroup(
    task("pair", { ...transform("{'a': 1, 'b': 2, 'c': 3}", null), resultKeys: ["a", "b"] }),
    task("short", { ...transform("{'x': 1}", null), resultKeys: ["x", "y"] }),
  ));
  expect(done.context).toEqual({ a: 1, b: 2 });
  expect(done.tasks[1]?.error).toMatchObject({ code: "RESULT_INVALID" });
  expect(await node.engine.result(done.tasks[0] as NonNullable<(typeof done.tasks)[0]>)).toEqual({ a: 1, b: 2, c: 3 });
});

test("nested groups: inner tasks wait for what the outer group waits for, and groups end from the inside out", async () => {
  const definition = workflow([
    group("first", [task("seed")]),
    group("outer", [task("own")], { dependencies: ["seed"], groups: [
      group("inner", [task("deep"), task("deeper", { after: ["deep"] })], { groups: [group("core", [task("last", { after: ["outer.inner.deeper"] })])] }),
    ] }),
  ]);
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition });
  expect(problems).toEqual([]);
  const events = await eventsOf(node, workflowId as string);
  const started = events.filter((event) => event.kind === "task" && event.type === "TASK_READY").map((event) => (event.kind === "task" ? event.task : ""));
  expect(started[0]).toBe("first.seed");
  expect(events.filter((event) => event.kind === "group").map((event) => (event.kind === "group" ? `${event.type} ${event.group}` : ""))).toEqual([
    "GROUP_STARTED first", "GROUP_COMPLETED first", "GROUP_STARTED outer", "GROUP_STARTED outer.inner", "GROUP_STARTED outer.inner.core",
    "GROUP_COMPLETED outer.inner.core", "GROUP_COMPLETED outer.inner", "GROUP_COMPLETED outer",
  ]);
  const detail = await node.engine.workflowDetail(CALLER, workflowId as string);
  const outer = detail?.groups[1];
  expect(outer).toMatchObject({ address: "outer", status: "COMPLETED", counts: { total: 4, completed: 4 } });
  expect(outer?.groups[0]?.groups[0]?.tasks[0]?.address).toBe("outer.inner.core.last");
});
