/** Batches: the handler gets lists, every item gets its own outcome, and none is run or recorded twice or lost. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CompleteLater, type Handler } from "../../src/engine/handlers.js";
import type { ItemState, WorkflowDetail } from "../../src/engine/snapshot.js";
import type { FanwireNode } from "../../src/main.js";
import type { ExpansionDefinition, TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { coordinationFields } from "../model/leftovers.js";

interface Call { input: JsonValue[]; task: string; attempt: number }
let calls: Call[] = [];
let running = 0;
let mostItems = 0;
let answer: (call: Call) => JsonValue | Promise<JsonValue>;

const batched: Handler = {
  name: "batched", description: "Answers as the test says.", builtIn: false,
  async run({ input, task: address, attempt, progress }) {
    const call = { input: input as JsonValue[], task: address, attempt };
    calls.push(call);
    running += call.input.length;
    mostItems = Math.max(mostItems, running);
    progress(50, "half");
    try {
      await new Promise((resolve) => setImmediate(resolve));
      return await answer(call);
    } finally {
      running -= call.input.length;
    }
  },
};
const waiting: Handler = { name: "waiting", description: "Wants to wait.", builtIn: false, run: () => new CompleteLater(1, []) };

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [batched, waiting], config: { keyPrefix } }); });
afterAll(() => node.stop());
beforeEach(() => {
  calls = [];
  mostItems = 0;
  answer = ({ input }) => input.map((n) => Number(n) * 10);
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

function each(parts: Partial<ExpansionDefinition>, more: Partial<TaskDefinition> = {}): TaskDefinition {
  return task("each", { handler: "batched", input: "{{ n }}", expansion: expansion({ array: { n: "numbers" }, ...parts }), ...more });
}

async function run(each: TaskDefinition, count: number, more: JsonObject = {}): Promise<{ id: string; detail: WorkflowDetail; context: JsonObject; items: ItemState[] }> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(each), context: { numbers: numbers(count), ...more } });
  expect(problems).toEqual([]);
  const id = workflowId as string;
  const detail = await finished(node, id);
  expect(await coordinationFields(node.redis, new Keys(shardPrefix(keyPrefix, 0)), id)).toEqual([]);
  const items = (await node.engine.items(detail.tasks[0] as WorkflowDetail["tasks"][0], {}, { first: 1_000 })).edges.map((edge) => edge.node);
  return { id, detail, context: await node.engine.context(id), items };
}

test("all batches but the last are full, in item order, and the results are collected as of single items", async () => {
  const { context, detail } = await run(each({ batchSize: 4 }), 10);
  expect(calls.map(({ input }) => input).sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]);
  expect(calls.map((call) => call.task).sort()).toEqual(["g.each[0..3]", "g.each[4..7]", "g.each[8..9]"]);
  expect(context.each).toEqual(numbers(10).map((n) => n * 10));
  expect(detail.counts).toMatchObject({ total: 10, completed: 10 });
});

test("a batch of the largest size is one call, and has one event per item", async () => {
  const { id, context } = await run(each({ batchSize: 1_000 }), 1_000);
  expect(calls).toHaveLength(1);
  expect(context.each).toHaveLength(1_000);
  const events = await eventsOf(node, id);
  expect(events.filter(({ type }) => type === "TASK_COMPLETED")).toHaveLength(1_001);
});

test("maxParallel counts items, and no batch is larger", async () => {
  await run(each({ batchSize: 8, maxParallel: 5 }), 23);
  expect(calls.map(({ input }) => input.length).sort()).toEqual([3, 5, 5, 5, 5]);
  calls = [];
  await run(each({ batchSize: 2, maxParallel: 5 }), 20);
  expect(mostItems).toBeLessThanOrEqual(5);
});

test("an error in a slot fails that item, which is tried again alone; the others are done", async () => {
  answer = ({ input, attempt }) => input.map((n) => (n === 2 && attempt === 1 ? { $error: { code: "BUSY", message: "later", details: { n: 2 } } } : n));
  const { context, items } = await run(each({ batchSize: 3 }, { retry: retry({ initialDelayMs: 1, jitter: false }) }), 3);
  expect(calls.map(({ input, task: address, attempt }) => [input, address, attempt])).toEqual([[[1, 2, 3], "g.each[0..2]", 1], [[2], "g.each[1]", 2]]);
  expect(context.each).toEqual([1, 2, 3]);
  expect(items.map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
});

test("an error in a slot that is not retryable is final, and what is left in the output is as for single items", async () => {
  answer = ({ input }) => input.map((n) => (n === 2 ? { $error: { code: "GONE", message: "no more", retryable: false } } : n));
  const { context, items } = await run(each({ batchSize: 3, toleratedFailures: 1, onItemFailure: "ERROR" }, { retry: retry() }), 3);
  expect(context.each).toEqual([1, { $error: { code: "GONE", message: "no more" } }, 3]);
  expect(items[1]?.error).toMatchObject({ code: "GONE", task: "g.each[1]" });
});

test("an object that only looks like an error is a result", async () => {
  answer = ({ input }) => input.map((n) => ({ $error: null, n }));
  expect((await run(each({ batchSize: 2 }), 2)).context.each).toEqual([{ $error: null, n: 1 }, { $error: null, n: 2 }]);
});

test("a thrown error fails all items of its batch, and each is tried again alone", async () => {
  answer = ({ input, attempt }) => {
    if (attempt === 1 && input.includes(1)) throw new Error("too many at once");
    return input;
  };
  const { context } = await run(each({ batchSize: 2 }, { retry: retry({ initialDelayMs: 1, jitter: false }) }), 4);
  expect(context.each).toEqual([1, 2, 3, 4]);
  expect(calls.filter(({ attempt }) => attempt === 2).map(({ input }) => input).sort()).toEqual([[1], [2]]);
});

test.each<[string, JsonValue]>([["a list of another length", [1]], ["no list", { result: [1, 2] }], ["null", null]])("%s is RESULT_INVALID for all", async (_what, result) => {
  answer = () => result;
  const { detail, items } = await run(each({ batchSize: 2, failFast: false }), 2);
  expect(detail.status).toBe("FAILED");
  expect(items.map(({ error }) => error?.code)).toEqual(["RESULT_INVALID", "RESULT_INVALID"]);
});

test("validate and the declared fields are held against each item's result", async () => {
  answer = ({ input }) => input.map((n): JsonObject => (n === 3 ? {} : { a: Number(n), b: 1 }));
  const { context, items } = await run(each({ batchSize: 4, toleratedFailures: 2, onItemFailure: "NULL" }, { validate: "$result.a != n or n != 2", resultKeys: ["a", "b"] }), 4);
  expect(items.map(({ error }) => error?.code)).toEqual([undefined, "RESULT_INVALID", "RESULT_INVALID", undefined]);
  expect(context).toMatchObject({ a: [1, null, null, 4], b: [1, null, null, 1] });
});

test("items whose templates fail are failed by themselves, and the rest go on in the batch", async () => {
  const { context, items } = await run(each({ batchSize: 4, toleratedFailures: 1 }, { input: "{{ n = 2 ? $error('no') : n }}" }), 4);
  expect(calls.map(({ input }) => input)).toEqual([[1, 3, 4]]);
  expect(items.map(({ status }) => status)).toEqual(["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]);
  expect(context.each).toEqual([10, 30, 40]);
});

test("a batch that would wait fails clearly, and finally", async () => {
  const { items } = await run({ ...each({ batchSize: 2, failFast: false }, { retry: retry() }), handler: "waiting" }, 2);
  expect(items.map(({ error }) => [error?.code, error?.retryable])).toEqual([["RESULT_INVALID", false], ["RESULT_INVALID", false]]);
  expect(items[0]?.error?.message).toContain("cannot wait");
});

test("an attempt's timeout is of the batch, and fails all its items", async () => {
  answer = ({ input, attempt }) => (attempt === 1 ? new Promise(() => undefined) : input);
  const { context } = await run(each({ batchSize: 2 }, { timeoutMs: 30, retry: retry({ initialDelayMs: 1, jitter: false }) }), 2);
  expect(context.each).toEqual([1, 2]);
  expect(calls.map(({ input }) => input.length).sort()).toEqual([1, 1, 2]);
});

test("what a batch reports of its progress is the task's", async () => {
  const { id } = await run(each({ batchSize: 2 }), 2);
  const progress = (await eventsOf(node, id)).filter(({ type }) => type === "TASK_PROGRESS");
  expect(progress).toMatchObject([{ task: "g.each", progress: { percent: 50, message: "half" } }]);
  expect(progress[0]).not.toHaveProperty("item");
});

test("retryWorkflow runs what failed in batches of its own, and keeps the rest", async () => {
  answer = ({ input }) => input.map((n) => (Number(n) % 2 === 0 ? { $error: { code: "EVEN", message: "" } } : n));
  const { id, detail } = await run(each({ batchSize: 4, failFast: false }), 8);
  expect(detail.status).toBe("FAILED");
  calls = [];
  answer = ({ input }) => input;
  expect(await node.engine.retryWorkflow(CALLER, id)).toEqual({ problems: [] });
  await waitFor(async () => (await node.engine.workflow(CALLER, id))?.status === "COMPLETED", { what: "the workflow to complete" });
  expect(calls.map(({ input }) => input).sort()).toEqual([[2, 4], [6, 8]]);
  expect((await node.engine.context(id)).each).toEqual(numbers(8));
});

describe("a definition", () => {
  test.each([0, 1_001, 1.5])("with the batch size %d is refused", async (batchSize) => {
    const { problems } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(each({ batchSize })), context: { numbers: [] } });
    expect(problems).toMatchObject([{ code: "INVALID_VALUE", path: "groups[0].tasks[0].expansion.batchSize" }]);
  });
});
