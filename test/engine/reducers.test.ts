/** Several writers of one key, and conditions on results, on a real engine. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDetail } from "../../src/engine/snapshot.js";
import type { Reducer, TaskDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode } from "../support/testNode.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => node.stop());

async function run(definition: WorkflowDefinition, context: JsonObject = {}): Promise<WorkflowDetail & { context: JsonObject }> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition, context });
  expect(problems).toEqual([]);
  const detail = await finished(node, workflowId as string);
  return { ...detail, context: await node.engine.context(workflowId as string) };
}

const gives = (value: JsonValue, parts: Partial<TaskDefinition> = {}): Partial<TaskDefinition> =>
  ({ handler: "transform", input: { expression: "$", data: value }, resultKeys: ["k"], ...parts });
const reducing = (reducer: Reducer, ...tasks: TaskDefinition[]): WorkflowDefinition => workflow([group("g", tasks)], { reducers: [{ key: "k", reducer }] });
const reader = task("reader", { handler: "transform", input: { expression: "$", data: "{{ k }}" } });
const failing = { handler: "fail", input: { code: "BAD", retryable: false }, resultKeys: ["k"] };
const statuses = (done: WorkflowDetail): string[] => done.tasks.map(({ status, error }) => (error ? `${status} ${error.code}` : status));

test("results are combined in the order of the definition, whoever ends first, and readers wait for all", async () => {
  const done = await run(reducing("APPEND",
    task("late", gives("a", { after: ["middle"] })),
    task("middle", gives("b", { after: ["early"] })),
    task("early", gives("c")),
    reader,
  ), { k: ["start"] });
  expect(done.context.reader).toEqual(["start", "a", "b", "c"]);
  expect(done.context.k).toEqual(["start", "a", "b", "c"]);
  expect(await Promise.all(done.tasks.map((state) => node.engine.result(state)))).toEqual(["a", "b", "c", ["start", "a", "b", "c"]]);
});

test("each contribution is an update of the context", async () => {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: reducing("SUM", task("a", gives(1)), task("b", gives(2))) });
  const events = await eventsOf(node, workflowId as string);
  expect(events.flatMap((event) => (event.kind === "context" ? event.keys : []))).toEqual(["k", "k"]);
});

test("an expanded writer counts once, with its collected value, which stays a view over its items", async () => {
  const done = await run(reducing("CONCAT",
    task("one", gives([0])),
    task("many", { handler: "transform", input: { expression: "n * 2", data: { n: "{{ n }}" } }, resultKeys: ["k"], expansion: expansion({ array: { n: [1, 2, 3] } }) }),
    reader,
  ));
  expect(done.context.reader).toEqual([0, 2, 4, 6]);
  expect(await node.engine.result(done.tasks[1] as never)).toEqual([2, 4, 6]);
});

test("one that was skipped or failed under IGNORE contributes nothing, and holds up nobody", async () => {
  const done = await run(reducing("APPEND",
    task("skipped", gives("a", { when: "false" })), task("ignored", { ...failing, onFailure: "IGNORE" }), task("there", gives("c")), reader,
  ));
  expect([done.status, done.context.reader]).toEqual(["COMPLETED", ["c"]]);
});

test("readers are skipped when none contributes, unless there is an initial value; whoever can do without runs", async () => {
  const definition = reducing("APPEND",
    task("skipped", gives("a", { when: "false" })), reader, task("below", { input: "{{ reader }}" }), task("without", { input: "{{ k ?? 0 }}" }),
  );
  expect(statuses(await run(definition))).toEqual(["SKIPPED CONDITION", "SKIPPED UPSTREAM", "SKIPPED UPSTREAM", "COMPLETED"]);
  const started = await run(definition, { k: [1] });
  expect([statuses(started), started.context.reader]).toEqual([["SKIPPED CONDITION", "COMPLETED", "COMPLETED", "COMPLETED"], [1]]);
});

test("one that fails the workflow skips the readers, and what the others gave stays readable", async () => {
  const done = await run(reducing("SUM", task("bad", failing), task("good", gives(5)), reader), { k: 1 });
  expect([done.status, statuses(done), done.context]).toEqual(["FAILED", ["FAILED BAD", "COMPLETED", "SKIPPED UPSTREAM"], { k: 6 }]);
});

test("a result that the reducer cannot take is RESULT_INVALID, of a plain and of an expanded task", async () => {
  const done = await run(reducing("SUM",
    task("text", gives("1")), task("list", { ...gives(1), expansion: expansion({ array: { n: [1] } }) }), task("number", gives(1)),
  ));
  expect(statuses(done)).toEqual(["FAILED RESULT_INVALID", "FAILED RESULT_INVALID", "COMPLETED"]);
});

test("a result that does not meet `validate` fails the attempt, and another one may meet it", async () => {
  const done = await run(oneGroup(
    task("second", { handler: "transform", input: { expression: "$", data: "{{ $attempt }}" }, validate: "$result >= least", retry: retry({ initialDelayMs: 0 }) }),
    task("never", { handler: "transform", input: { expression: "$", data: 1 }, validate: "$result > 1" }),
    task("delayed", { handler: "delay", input: { duration: "1ms" }, validate: "$result" }),
  ), { least: 2 });
  expect(statuses(done)).toEqual(["COMPLETED", "FAILED RESULT_INVALID", "FAILED RESULT_INVALID"]);
  expect(done.tasks[0]?.attempt).toBe(2);
});

test("of an expanded task each item's result is held against it, with the item's variables", async () => {
  const parts = { validate: "$result != n", expansion: expansion({ array: { n: [1, 2, 3] }, toleratedFailures: 1, onItemFailure: "NULL" }) };
  const done = await run(oneGroup(
    task("items", { handler: "transform", input: { expression: "$", data: "{{ n = 2 ? 2 : 0 }}" }, ...parts }),
    task("delays", { handler: "delay", input: { duration: "1ms" }, ...parts, validate: "n != 2" }),
  ));
  expect(done.context).toEqual({ items: [0, null, 0], delays: [null, null, null] });
  const { edges } = await node.engine.items(done.tasks[1] as never, {}, {});
  expect(edges.map(({ node: item }) => item.status)).toEqual(["COMPLETED", "FAILED", "COMPLETED"]);
});
