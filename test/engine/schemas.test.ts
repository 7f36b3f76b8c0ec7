/** Schemas of contexts and results on a real engine: what does not fit is refused, or fails at once, however the result came. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../support/builders.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";
import { codes, start, taskBecomes, taskIn } from "./control/support.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => node.stop());

const numbers = { type: "object", required: ["n"], properties: { n: { type: "number" } } };
const retried = { retry: retry({ maxAttempts: 3, initialDelayMs: 1 }) };
const gives = (data: JsonValue, parts: Partial<TaskDefinition> = {}): Partial<TaskDefinition> => ({ handler: "transform", input: { expression: "$", data }, ...parts });

describe("an initial context", () => {
  const definition = workflow([group("g", [task("a", { input: "{{ n }}" })])], { contextSchema: numbers });

  test("that does not fit is refused with every violation and its path, and one that fits runs", async () => {
    const schema = { ...numbers, additionalProperties: { type: "string" } };
    const refused = await node.engine.submitWorkflow(CALLER, { definition: { ...definition, contextSchema: schema }, context: { n: "x", other: [1] } });
    expect(codes(refused).sort()).toEqual(["CONTEXT_INVALID context.n", "CONTEXT_INVALID context.other"]);
    expect(refused.problems.map(({ message }) => message)).toContain("context.n is a string, not a number");
    expect(refused.workflowId).toBeUndefined();
    const id = await start(node, { definition, context: { n: 1 } });
    expect((await finished(node, id)).status).toBe("COMPLETED");
  });

  test("is checked beside everything else", async () => {
    const wrong = workflow([group("g", [task("a", { after: ["nobody"] })])], { contextSchema: { required: ["n"] } });
    expect(codes(await node.engine.submitWorkflow(CALLER, { definition: wrong }))).toEqual(["UNKNOWN_TASK groups[0].tasks[0].after[0]", "CONTEXT_INVALID context.n"]);
  });

  test("of a workflow that is run once more is checked too", async () => {
    const id = await start(node, { definition, context: { n: 1 } });
    expect(codes(await node.engine.rerunWorkflow(CALLER, id, { n: "x" }))).toEqual(["CONTEXT_INVALID context.n"]);
  });
});

test("a schema that cannot be used is a problem of the submission, the registration and the plan", async () => {
  const definition = workflow([group("g", [task("a"), task("b", { resultSchema: { properties: { x: { type: "nothing" } } } })])], { contextSchema: { pattern: "(?!x)" } });
  const expected = ["SCHEMA_INVALID contextSchema.pattern", "SCHEMA_INVALID groups[0].tasks[1].resultSchema.properties.x.type"];
  expect(codes(await node.engine.submitWorkflow(CALLER, { definition }))).toEqual(expected);
  expect(codes(await node.engine.registerDefinition(CALLER, definition))).toEqual(expected);
  const plan = await node.engine.planWorkflow(definition, {});
  expect(codes(plan)).toEqual(expected);
  expect(plan.valid).toBe(false);
  const forbidden = oneGroup(task("a", { resultSchema: JSON.parse('{"properties": {"__proto__": {"type": "string"}}}') as JsonValue }));
  expect(codes(await node.engine.submitWorkflow(CALLER, { definition: forbidden }))).toContain("FORBIDDEN_KEY groups[0].tasks[0].resultSchema.properties.__proto__");
});

describe("a result that does not fit fails at once, without another attempt,", () => {
  test("when a handler gave it", async () => {
    const id = await start(node, { definition: oneGroup(task("a", { ...gives({ n: "x" }), ...retried, resultSchema: numbers })) });
    const { error, attempt, status } = taskIn(await finished(node, id), "g.a");
    expect({ status, attempt }).toEqual({ status: "FAILED", attempt: 1 });
    expect(error).toMatchObject({ code: "RESULT_INVALID", retryable: false, details: { violations: [{ path: "n", message: "is a string, not a number" }] } });
    expect(error?.message).toBe("The result of g.a does not fit its resultSchema: n is a string, not a number");
  });

  test("when a delay left it", async () => {
    const id = await start(node, { definition: oneGroup(task("a", { handler: "delay", input: { duration: "1ms" }, ...retried, resultSchema: { type: "string" } })) });
    expect(taskIn(await finished(node, id), "g.a")).toMatchObject({ status: "FAILED", attempt: 1, error: { code: "RESULT_INVALID" } });
  });

  test("when a signal brought it, and one that fits completes the task", async () => {
    const definition = oneGroup(task("a", { handler: "signal", ...retried, resultSchema: numbers }), task("b", { handler: "signal", resultSchema: numbers }));
    const id = await start(node, { definition });
    for (const [name, n] of [["g.a", "x"], ["g.b", 1]] as const) {
      await taskBecomes(node, id, name, "WAITING");
      await node.engine.signalTask(CALLER, { workflowId: id, task: name, payload: { n }, outcome: "APPROVE" });
    }
    const done = await finished(node, id);
    expect(taskIn(done, "g.a")).toMatchObject({ status: "FAILED", attempt: 1, error: { code: "RESULT_INVALID" } });
    expect(await node.engine.context(id)).toEqual({ b: { n: 1 } });
  });

  test("when an item gave it, which leaves the others", async () => {
    const definition = oneGroup(task("a", {
      ...gives("{{ v }}"), ...retried, resultSchema: { type: "number" },
      expansion: expansion({ array: { v: [1, "x", 3] }, toleratedFailures: 1, onItemFailure: "NULL" }),
    }));
    const id = await start(node, { definition });
    const state = taskIn(await finished(node, id), "g.a");
    expect(state.status).toBe("COMPLETED");
    expect((await node.engine.context(id)).a).toEqual([1, null, 3]);
    const { edges } = await node.engine.items(state, {}, { first: 10 });
    expect(edges.map(({ node: item }) => [item.attempt, item.error?.code])).toEqual([[1, undefined], [1, "RESULT_INVALID"], [1, undefined]]);
  });

  test("unless its policy says what to do then", async () => {
    const id = await start(node, { definition: oneGroup(task("a", { ...gives({ n: "x" }), resultSchema: numbers, onFailure: "FALLBACK", fallback: "none" })) });
    expect((await finished(node, id)).status).toBe("COMPLETED");
    expect(await node.engine.context(id)).toEqual({ a: "none" });
  });
});

test("the schema is asked before the condition, which another attempt may meet", async () => {
  const parts = { ...retried, resultSchema: { type: "number" }, validate: "$result > $attempt" };
  const id = await start(node, { definition: oneGroup(task("a", { ...gives("text"), ...parts }), task("b", { ...gives(0), ...parts })) });
  const done = await finished(node, id);
  expect(taskIn(done, "g.a")).toMatchObject({ attempt: 1, error: { code: "RESULT_INVALID", retryable: false } });
  expect(taskIn(done, "g.b")).toMatchObject({ attempt: 3, error: { code: "RESULT_INVALID", retryable: true } });
});
