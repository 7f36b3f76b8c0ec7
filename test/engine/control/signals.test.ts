/** Signals and approvals: a durable wait, one answer, and what it makes of the task. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import { expansion, oneGroup, retry, task } from "../../support/builders.js";
import { stopSoundly } from "../../support/soundKeys.js";
import { CALLER, startTestNode } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, codes, detailOf, start, taskBecomes, taskIn } from "./support.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => stopSoundly(node));

test("a signal's payload is the task's result, and the next task reads it; the second answer is a problem", async () => {
  const id = await start(node, { definition: oneGroup(task("ask", { handler: "signal" }), task("tell", { handler: "transform", input: { expression: "x", data: { x: "{{ ask }}" } } }), task("end", { handler: "signal" })) });
  const waiting = await taskBecomes(node, id, "g.ask", "WAITING");
  expect(waiting.waitingFor).toMatchObject([{ kind: "SIGNAL" }]);
  expect(waiting.waitingFor[0]?.untilMs).toBeUndefined();
  expect((await detailOf(node, id)).status).toBe("RUNNING");
  const answer = { workflowId: id, task: "g.ask", payload: { n: 1.5 }, outcome: "APPROVE" } as const;
  expect(await node.engine.signalTask(CALLER, answer)).toEqual({ address: "g.ask", problems: [] });
  await taskBecomes(node, id, "g.tell", "COMPLETED");
  expect(await node.engine.context(id)).toEqual({ ask: { n: 1.5 }, tell: { n: 1.5 } });
  expect(codes(await node.engine.signalTask(CALLER, answer))).toEqual(["NOT_WAITING task"]);
  await node.engine.signalTask(CALLER, { workflowId: id, task: "g.end", outcome: "APPROVE" });
  await becomes(node, id, "COMPLETED");
  expect(codes(await node.engine.signalTask(CALLER, answer))).toEqual(["ALREADY_ENDED workflowId"]);
});

test("of two answers at the same time one counts", async () => {
  const id = await start(node, { definition: oneGroup(task("ask", { handler: "signal" }), task("hold", { handler: "signal" })) });
  await taskBecomes(node, id, "g.ask", "WAITING");
  const answers = await Promise.all([1, 2, 3].map((payload) => node.engine.signalTask(CALLER, { workflowId: id, task: "g.ask", payload, outcome: "APPROVE" })));
  expect(answers.flatMap(codes)).toEqual(["NOT_WAITING task", "NOT_WAITING task"]);
  const winner = answers.findIndex(({ problems }) => problems.length === 0);
  expect(await node.engine.context(id)).toEqual({ ask: winner + 1 });
});

test("an approval shows its prompt and results in outcome and payload", async () => {
  const id = await start(node, { definition: oneGroup(task("ok", { handler: "approval", input: { prompt: "Send {{ n }} mails?" } })), context: { n: 3 } });
  expect((await taskBecomes(node, id, "g.ok", "WAITING")).waitingFor).toEqual([{ kind: "SIGNAL", message: "Send 3 mails?" }]);
  await node.engine.signalTask(CALLER, { workflowId: id, task: "g.ok", payload: "yes", outcome: "APPROVE" });
  await becomes(node, id, "COMPLETED");
  expect(await node.engine.context(id, ["ok"])).toEqual({ ok: { outcome: "APPROVE", payload: "yes" } });
});

test("a rejection fails with REJECTED, whatever the task's retries", async () => {
  const id = await start(node, { definition: oneGroup(task("ok", { handler: "approval", retry: retry() })) });
  await taskBecomes(node, id, "g.ok", "WAITING");
  await node.engine.signalTask(CALLER, { workflowId: id, task: "g.ok", payload: "no money", outcome: "REJECT" });
  const { error, tasks } = await becomes(node, id, "FAILED");
  expect(error).toMatchObject({ code: "REJECTED", task: "g.ok", retryable: false, details: "no money" });
  expect(tasks[0]).toMatchObject({ status: "FAILED", attempt: 1 });
});

test("when time is up the default counts; without one the task is out of time", async () => {
  const id = await start(node, {
    definition: oneGroup(
      task("nothing", { handler: "signal", input: { timeout: "20ms", default: null } }),
      task("approved", { handler: "approval", input: { timeout: "20ms", default: "APPROVE" } }),
      task("late", { handler: "approval", input: { timeout: "20ms" }, onFailure: "IGNORE" }),
      task("rejected", { handler: "approval", input: { timeout: "20ms", default: "REJECT" }, onFailure: "IGNORE" }),
    ),
  });
  const { tasks } = await becomes(node, id, "COMPLETED");
  expect(tasks.map(({ status, error }) => [status, error?.code])).toEqual([["COMPLETED", undefined], ["COMPLETED", undefined], ["TIMED_OUT", "TIMEOUT"], ["FAILED", "REJECTED"]]);
  expect(await node.engine.context(id)).toEqual({ nothing: null, approved: { outcome: "APPROVE", payload: null } });
});

test("items wait one by one and are answered by identifier", async () => {
  const id = await start(node, {
    definition: oneGroup(task("ok", { handler: "approval", expansion: expansion({ array: { who: "people" }, identifier: "{{ who }}", outputFormat: "SEPARATE", toleratedFailures: 1 }) })),
    context: { people: ["ann", "bob", "cy"] },
  });
  await waitFor(async () => taskIn(await detailOf(node, id), "g.ok").itemCounts?.waiting === 3);
  expect(taskIn(await detailOf(node, id), "g.ok").waitingFor).toMatchObject([{ kind: "SIGNAL", message: expect.stringContaining("3 of its items") }]);
  const answer = (who: string, outcome: "APPROVE" | "REJECT"): Promise<string[]> => node.engine.signalTask(CALLER, { workflowId: id, task: `g.ok[${who}]`, payload: who, outcome }).then(codes);
  expect(await answer("bob", "APPROVE")).toEqual([]);
  expect(await answer("bob", "APPROVE")).toEqual(["NOT_WAITING task"]);
  expect(await answer("dan", "APPROVE")).toEqual(["NOT_WAITING task"]);
  expect(await answer("cy", "REJECT")).toEqual([]);
  expect(await answer("ann", "APPROVE")).toEqual([]);
  await becomes(node, id, "COMPLETED");
  expect(await node.engine.context(id, ["ok"])).toEqual({ ok: { ann: { outcome: "APPROVE", payload: "ann" }, bob: { outcome: "APPROVE", payload: "bob" } } });
});

test("an answer for a task that is not there, or not waiting, is a problem and changes nothing", async () => {
  const id = await start(node, { definition: oneGroup(task("ask", { handler: "signal" }), task("long", { handler: "delay", input: { duration: "1h" } })) });
  await taskBecomes(node, id, "g.long", "WAITING");
  const { problems } = await node.engine.signalTask(CALLER, { workflowId: id, task: "g.aks", outcome: "APPROVE" });
  expect(problems).toMatchObject([{ code: "UNKNOWN_TASK", path: "task", hint: "Did you mean g.ask?" }]);
  expect(codes(await node.engine.signalTask(CALLER, { workflowId: id, task: "g.long", outcome: "APPROVE" }))).toEqual(["NOT_WAITING task"]);
  await taskBecomes(node, id, "g.ask", "WAITING");
  expect(codes(await node.engine.signalTask(CALLER, { workflowId: id, task: "g.ask", payload: "x".repeat(1024 * 1024), outcome: "APPROVE" }))).toEqual(["LIMIT_EXCEEDED payload"]);
  expect(codes(await node.engine.signalTask({ tenant: "other" }, { workflowId: id, task: "g.ask", outcome: "APPROVE" }))).toEqual(["NOT_FOUND workflowId"]);
  expect(taskIn(await detailOf(node, id), "g.ask").status).toBe("WAITING");
});
