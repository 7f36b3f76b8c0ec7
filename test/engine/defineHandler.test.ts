/** Handlers and expanders as users write them, with schemas of a library, on a real engine. */

import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineExpander } from "../../src/engine/defineExpander.js";
import { defineHandler } from "../../src/engine/defineHandler.js";
import { FanwireError } from "../../src/errors.js";
import type { FanwireNode } from "../../src/main.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";

let calls = 0;
const price = defineHandler({
  name: "price", description: "Adds up an order.",
  input: z.object({ lines: z.array(z.object({ pieces: z.number(), each: z.number() })), currency: z.string().default("EUR") }),
  output: z.object({ total: z.number().nonnegative(), currency: z.string() }),
  run({ input: { lines, currency } }) {
    calls += 1;
    expectTypeOf(currency).toEqualTypeOf<string>();
    return { total: lines.reduce((sum, { pieces, each }) => sum + pieces * each, 0), currency };
  },
});
const later = defineHandler({
  name: "later",
  input: z.string().refine((text) => Promise.resolve(text !== "no")).transform((text) => text.length),
  output: z.number().transform((n) => `${n}!`),
  run: async ({ input }) => {
    expectTypeOf(input).toEqualTypeOf<number>();
    return input + 1;
  },
});
const plain = defineHandler({
  name: "plain",
  run({ input, task: address, attempt, idempotencyKey, signal, workflowId }) {
    expectTypeOf(input).toEqualTypeOf<JsonValue>();
    return { input, address, attempt, key: idempotencyKey.replace(workflowId, "id"), aborted: signal.aborted };
  },
});
const refusing = defineHandler({ name: "refuse", run() { throw new FanwireError("OUT_OF_STOCK", "none left", { retryable: false, details: { left: 0 } }); } });
const thenable = defineHandler({ name: "query", run: () => ({ then: (done: (rows: number) => void) => done(3) }) });
const rows = defineExpander({
  name: "rows", args: z.object({ count: z.number().int() }),
  expand: ({ args }) => Array.from({ length: args.count }, (_, n) => ({ n })),
});

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [price, later, plain, refusing, thenable], expanders: [rows] }); });
afterAll(() => node.stop());

async function run(parts: Partial<TaskDefinition>): Promise<{ result: JsonValue | undefined; error?: unknown; status: string }> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("t", parts)) });
  expect(problems).toEqual([]);
  const { status, error } = await finished(node, workflowId as string);
  return { status, error, result: ((await node.engine.context(workflowId as string)) as JsonObject).t };
}

describe("a handler with schemas", () => {
  test("gets its input as the schema makes it, and its result is recorded as the schema makes that", async () => {
    expect(await run({ handler: "price", input: { lines: [{ pieces: 2, each: 3 }] } })).toMatchObject({ status: "COMPLETED", result: { total: 6, currency: "EUR" } });
    expect(await run({ handler: "later", input: "four" })).toMatchObject({ result: "5!" });
  });

  test("is not called with an input that does not fit: the task fails once, and the error names the places", async () => {
    calls = 0;
    const { status, error } = await run({ handler: "price", input: { lines: [{ pieces: 1, each: "9" }, { pieces: 1 }] }, retry: retry({ initialDelayMs: 1 }) });
    expect({ status, calls }).toEqual({ status: "FAILED", calls: 0 });
    expect(error).toMatchObject({ code: "INPUT_INVALID", retryable: false, task: "g.t", details: { issues: [{ path: "lines[0].each" }, { path: "lines[1].each" }] } });
    expect((error as { message: string }).message).toMatch(/^The input of price does not fit: lines\[0\]\.each: .+; lines\[1\]\.each: /);
    expect(await run({ handler: "later", input: "no" })).toMatchObject({ error: { code: "INPUT_INVALID" } });
  });

  test("fails once with a result that does not fit", async () => {
    calls = 0;
    const { error } = await run({ handler: "price", input: { lines: [{ pieces: 1, each: -1 }] }, retry: retry({ initialDelayMs: 1 }) });
    expect(error).toMatchObject({ code: "RESULT_INVALID", retryable: false, message: expect.stringMatching(/^The result of price does not fit: total: /) });
    expect(calls).toBe(1);
  });

  test("shows their JSON Schema in the list of handlers, where JSON Schema can say it", async () => {
    const known = await node.engine.handlers();
    expect(known.find(({ name }) => name === "price")).toMatchObject({
      description: "Adds up an order.", builtIn: false,
      inputSchema: { type: "object", required: ["lines"] }, outputSchema: { properties: { total: { type: "number", minimum: 0 } } },
    });
    expect(known.find(({ name }) => name === "later")).not.toHaveProperty("outputSchema");
  });
});

test("a handler without schemas gets the input as it stands, and what names its call", async () => {
  expect(await run({ handler: "plain", input: { a: [1] } })).toMatchObject({ result: { input: { a: [1] }, address: "g.t", attempt: 1, key: "id/g.t", aborted: false } });
});

test("a handler's own error keeps its code, details and finality; a result that can be waited for is waited for", async () => {
  expect(await run({ handler: "refuse", retry: retry({ initialDelayMs: 1 }) })).toMatchObject({ error: { code: "OUT_OF_STOCK", message: "none left", retryable: false, details: { left: 0 } } });
  expect(await run({ handler: "query" })).toMatchObject({ result: 3 });
});

test("an expander gets its arguments as its schema makes them; others fail the task with their place", async () => {
  const custom = (count: JsonValue): Partial<TaskDefinition> => ({ handler: "transform", input: { expression: "$ * 2", data: "{{ n }}" }, expansion: expansion({ custom: { expander: "rows", args: { count } } }) });
  expect(await run(custom(3))).toMatchObject({ result: [0, 2, 4] });
  expect(await run(custom("3"))).toMatchObject({ error: { code: "INPUT_INVALID", message: expect.stringMatching(/^What the expander rows is given does not fit: count: /) } });
});

test("a name that cannot be is refused where it is defined", () => {
  expect(() => defineHandler({ name: "no name", run: () => null })).toThrow("no name for a handler");
  expect(() => defineExpander({ name: "no name", expand: () => [] })).toThrow("no name for an expander");
});
