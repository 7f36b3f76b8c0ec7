/** Sessions: what a completed workflow exports is there for those that come later, for those that wait, and for nobody else. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import { expansion, group, task, workflow } from "../../support/builders.js";
import { CALLER, startTestNode } from "../../support/testNode.js";
import { becomes, codes, detailOf, logOf, start, taskBecomes, taskIn } from "../control/support.js";
import { exporter, reader, run, workflowsIn } from "./support.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ config: { shards: 4 } }); });
afterAll(() => node.stop());

test("a workflow without a session has one of its own, of which it alone is there", async () => {
  const id = await start(node, { definition: workflow([group("g", [task("a")])]) });
  const { sessionId } = await detailOf(node, id);
  expect(sessionId).toBe(`session:${id}`);
  expect(await node.engine.hasSession(CALLER, sessionId)).toBe(true);
  expect(await node.engine.sessionContext(CALLER, sessionId)).toEqual({});
  expect(await workflowsIn(node, sessionId)).toEqual([id]);
  expect((await node.engine.workflows(CALLER, { sessionId, name: "other" }, {})).totalCount).toBe(0);
  expect(await node.engine.hasSession({ tenant: "other" }, sessionId)).toBe(false);
  expect(await workflowsIn(node, sessionId, "other")).toEqual([]);
});

test("what is exported stands in the session as soon as the workflow has completed, as values", async () => {
  const definition = workflow([group("g", [
    task("each", { handler: "transform", input: { expression: "n * 2", data: { n: "{{ n }}" } }, expansion: expansion({ array: { n: "ns" } }) }),
    task("a", { handler: "transform", input: { expression: "1", data: null }, resultKeys: ["sum"] }),
    task("b", { handler: "transform", input: { expression: "2", data: null }, resultKeys: ["sum"] }),
    task("never", { when: "false" }), task("own", { input: "{{ outside }}" }),
  ])], { exports: ["each", "sum", "ns", "never", "outside"], externalKeys: ["outside"], reducers: [{ key: "sum", reducer: "SUM" }] });
  await run(node, { definition, context: { ns: [1, 2, 3], outside: null, other: 1 }, sessionId: "values" });
  expect(await node.engine.sessionContext(CALLER, "values")).toEqual({ each: [2, 4, 6], sum: 3, ns: [1, 2, 3], outside: null });
});

test("a workflow that does not complete exports nothing, until it is retried and does", async () => {
  const definition = workflow([group("g", [
    task("a", { handler: "transform", input: { expression: "7", data: null } }),
    task("bad", { handler: "fail", input: { code: "BAD", retryable: false, untilAttempt: 2 } }),
  ])], { exports: ["a"] });
  const id = await run(node, { definition, sessionId: "retried" });
  expect(await node.engine.sessionContext(CALLER, "retried")).toEqual({});
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual([]);
  await becomes(node, id, "COMPLETED");
  expect(await node.engine.sessionContext(CALLER, "retried")).toEqual({ a: 7 });
});

test("of two workflows the one that completed last wins", async () => {
  await run(node, { definition: exporter("k", "first"), sessionId: "last" });
  await run(node, { definition: exporter("k", "second"), sessionId: "last" });
  expect(await node.engine.sessionContext(CALLER, "last")).toEqual({ k: "second" });
});

test("a key that the session holds counts as supplied, and is recorded as supplied", async () => {
  await run(node, { definition: exporter("k", { n: [1, "ü"] }), sessionId: "held" });
  const id = await run(node, { definition: reader("k"), sessionId: "held" });
  expect(await detailOf(node, id)).toMatchObject({ status: "COMPLETED", external: { missing: [], provided: ["k"] } });
  expect(await node.engine.context(id)).toEqual({ k: { n: [1, "ü"] }, got: { n: [1, "ü"] } });
  expect((await logOf(node, id)).slice(0, 2)).toMatchObject([{ type: "WORKFLOW_SUBMITTED" }, { type: "CONTEXT_UPDATED", keys: ["k"] }]);
  const given = await run(node, { definition: reader("k"), context: { k: "mine" }, sessionId: "held" });
  expect(await node.engine.context(given)).toEqual({ k: "mine", got: "mine" });
});

test("workflows that wait for a key are supplied by the one that exports it, others are not", async () => {
  const waiting = await Promise.all(Array.from({ length: 5 }, () => start(node, { definition: reader("k"), sessionId: "wait" })));
  const elsewhere = await start(node, { definition: reader("k"), sessionId: "elsewhere" });
  const alone = await start(node, { definition: reader("k") });
  expect(taskIn(await detailOf(node, waiting[0] as string), "g.got").waitingFor).toMatchObject([{ kind: "EXTERNAL_KEY", key: "k" }]);
  await run(node, { definition: exporter("k", 3), sessionId: "wait" });
  for (const id of waiting) {
    await becomes(node, id, "COMPLETED");
    expect(await node.engine.context(id)).toEqual({ k: 3, got: 3 });
  }
  expect((await detailOf(node, elsewhere)).status).toBe("RUNNING");
  expect((await detailOf(node, alone)).status).toBe("RUNNING");
});

test("a value that was provided before stays", async () => {
  const both = workflow([group("g", [task("x", { input: "{{ k }}" }), task("y", { input: "{{ l }}" })])], { externalKeys: ["k", "l"] });
  const id = await start(node, { definition: both, sessionId: "stays" });
  await node.engine.provideContext(CALLER, id, { k: "mine" });
  const two = workflow([group("g", [task("k"), task("l")])], { exports: ["k", "l"] });
  await run(node, { definition: two, sessionId: "stays" });
  await becomes(node, id, "COMPLETED");
  expect(await node.engine.context(id, ["k", "l"])).toEqual({ k: "mine", l: null });
});

test("a paused workflow is supplied too, and one that had ended when it is retried", async () => {
  const paused = await start(node, { definition: reader("k"), sessionId: "held-back" });
  await node.engine.pauseWorkflow(CALLER, paused);
  const cancelled = await start(node, { definition: reader("k"), sessionId: "held-back" });
  await node.engine.cancelWorkflow(CALLER, cancelled);
  await run(node, { definition: exporter("k", 1), sessionId: "held-back" });
  await node.engine.sessionContext(CALLER, "held-back");
  expect(await node.engine.context(paused)).toEqual({ k: 1 });
  expect(await node.engine.context(cancelled)).toEqual({});
  await node.engine.resumeWorkflow(CALLER, paused);
  await becomes(node, paused, "COMPLETED");
  expect(codes(await node.engine.retryWorkflow(CALLER, cancelled))).toEqual([]);
  await becomes(node, cancelled, "COMPLETED");
  expect(await node.engine.context(cancelled)).toEqual({ k: 1, got: 1 });
});

test("the same id of another tenant is another session", async () => {
  await run(node, { definition: exporter("k", 1), sessionId: "shared-name" });
  const other = { tenant: "other" };
  expect(await node.engine.hasSession(other, "shared-name")).toBe(false);
  expect(await node.engine.sessionContext(other, "shared-name")).toEqual({});
  const { workflowId } = await node.engine.submitWorkflow(other, { definition: reader("k"), sessionId: "shared-name" });
  expect(await node.engine.sessionContext(other, "shared-name")).toEqual({});
  expect(await workflowsIn(node, "shared-name", "other")).toEqual([workflowId]);
  expect(await workflowsIn(node, "shared-name")).not.toContain(workflowId);
});

test("the session that a workflow had for itself takes in those that name it", async () => {
  const first = await start(node, { definition: reader("k") });
  const { sessionId } = await detailOf(node, first);
  const second = await run(node, { definition: exporter("k", "joined"), sessionId });
  await becomes(node, first, "COMPLETED");
  expect(await node.engine.context(first, ["got"])).toEqual({ got: "joined" });
  expect((await workflowsIn(node, sessionId)).sort()).toEqual([first, second].sort());
  const foreign = await node.engine.submitWorkflow({ tenant: "other" }, { definition: exporter("k", "theirs"), sessionId });
  expect(await workflowsIn(node, sessionId, "other")).toEqual([foreign.workflowId]);
  expect((await workflowsIn(node, sessionId)).sort()).toEqual([first, second].sort());
});

test("a workflow without a sessionId exports to the session of its own", async () => {
  const id = await run(node, { definition: exporter("k", 5) });
  const { sessionId } = await detailOf(node, id);
  expect(sessionId).toBe(`session:${id}`);
  expect(await node.engine.sessionContext(CALLER, sessionId)).toEqual({ k: 5 });
  expect(await workflowsIn(node, sessionId)).toEqual([id]);
});

test("a rerun runs in the same session, with what that holds by then, or in one of its own", async () => {
  await run(node, { definition: exporter("k", 1), sessionId: "rerun" });
  const first = await run(node, { definition: reader("k"), sessionId: "rerun" });
  await run(node, { definition: exporter("k", 2), sessionId: "rerun" });
  const { workflowId } = await node.engine.rerunWorkflow(CALLER, first);
  await becomes(node, workflowId as string, "COMPLETED");
  expect(await node.engine.context(workflowId as string, ["got"])).toEqual({ got: 2 });
  const alone = await run(node, { definition: exporter("k", 1) });
  const again = await node.engine.rerunWorkflow(CALLER, alone);
  expect((await detailOf(node, again.workflowId as string)).sessionId).toBe(`session:${again.workflowId}`);
});

test.each(["a b", "ключ 🙂", "{s1}:x", "a/b", "session:nobody", "*", "x".repeat(256), "\u0000\n"])("a client may name any session: %j", async (sessionId) => {
  const id = await run(node, { definition: exporter("k", sessionId), sessionId });
  expect(await workflowsIn(node, sessionId)).toEqual([id]);
  expect(await node.engine.sessionContext(CALLER, sessionId)).toEqual({ k: sessionId });
  expect((await detailOf(node, id)).sessionId).toBe(sessionId);
});

test("an id that no session can have is a problem", async () => {
  const definition = workflow([group("g", [task("a")])]);
  const id = await run(node, { definition });
  for (const sessionId of ["", "x".repeat(257), id, `${id}/g`]) {
    expect(codes(await node.engine.submitWorkflow(CALLER, { definition, sessionId }))).toEqual(["INVALID_VALUE sessionId"]);
  }
});

test("the session is part of the payload under an idempotency key", async () => {
  const submit = (sessionId: string): ReturnType<typeof node.engine.submitWorkflow> =>
    node.engine.submitWorkflow(CALLER, { definition: exporter("k", 1), sessionId, idempotencyKey: "same" });
  const first = await submit("one");
  expect(await submit("one")).toEqual({ ...first, duplicate: true });
  expect(codes(await submit("two"))).toEqual(["IDEMPOTENCY_CONFLICT idempotencyKey"]);
  expect(await workflowsIn(node, "one")).toEqual([first.workflowId]);
});

test("a session's workflows come by pages, newest first, and by status and name", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 12; i++) ids.unshift(await run(node, { definition: { ...exporter("k", i), name: i % 2 === 0 ? "even" : "odd" }, sessionId: "pages" }));
  const failed = await run(node, { definition: workflow([group("g", [task("a", { handler: "fail" })])]), sessionId: "pages" });
  const first = await node.engine.workflows(CALLER, { sessionId: "pages" }, { first: 5 });
  expect(first).toMatchObject({ hasNextPage: true, hasPreviousPage: false, totalCount: 13 });
  const second = await node.engine.workflows(CALLER, { sessionId: "pages" }, { first: 10, after: first.edges.at(-1)?.cursor as string });
  expect([...first.edges, ...second.edges].map((edge) => edge.node.id)).toEqual([failed, ...ids]);
  expect(second.hasNextPage).toBe(false);
  const list = async (filter: object): Promise<unknown> => (await node.engine.workflows(CALLER, { sessionId: "pages", ...filter }, {})).totalCount;
  expect(await list({ status: ["FAILED"] })).toBe(1);
  expect(await list({ name: "odd" })).toBe(6);
  expect(await list({ status: ["COMPLETED"], name: "even" })).toBe(6);
});

test("a key that waits twice, as task and in an expansion, is released once", async () => {
  const definition = workflow([group("g", [
    task("each", { handler: "transform", input: { expression: "x", data: { x: "{{ x }}" } }, expansion: expansion({ array: { x: "list" } }) }),
    task("whole", { input: "{{ list }}" }),
  ])], { externalKeys: ["list"] });
  const id = await start(node, { definition, sessionId: "twice" });
  await run(node, { definition: exporter("list", [1, 2]), sessionId: "twice" });
  await taskBecomes(node, id, "g.each", "COMPLETED");
  await becomes(node, id, "COMPLETED");
  await logOf(node, id);
});

test("expressions see the session's id, in every part of a task, and the input shows what they saw", async () => {
  const definition = workflow([group("g", [
    task("input", { handler: "transform", input: { expression: "$", data: "in {{ $session.id }}" }, when: "$session.id = 'seen'", validate: "$session.id = 'seen'" }),
    task("each", {
      handler: "transform", input: { expression: "$", data: "{{ $session.id & x }}" },
      expansion: expansion({ array: { x: "[1, 2]" }, outputFormat: "SINGLE", filter: "$session.id = 'seen'", identifier: "{{ $session.id & $index }}", reduce: "$join($results, $session.id)" }),
    }),
    task("fell", { handler: "fail", input: { code: "BAD", retryable: false }, onFailure: "FALLBACK", fallback: "{{ $session.id ?? 'none' }}" }),
    task("plain", { input: "{{ $workflow.id }}" }),
  ])]);
  const id = await run(node, { definition, sessionId: "seen" });
  expect(await node.engine.context(id)).toEqual({ input: "in seen", each: "seen1seenseen2", fell: "seen", plain: null });
  expect(await node.engine.input(taskIn(await detailOf(node, id), "g.input"))).toEqual({ expression: "$", data: "in seen" });
  const alone = await run(node, { definition: workflow([group("g", [task("a", { handler: "transform", input: { expression: "$", data: "{{ $session }}" } })])]) });
  expect(await node.engine.context(alone)).toEqual({ a: { id: `session:${alone}` } });
});

test("a context key that is called like the session is a key like others", async () => {
  const id = await run(node, { definition: workflow([group("g", [task("a", { dependencies: ["$session"] })])]), context: { $session: 1 }, sessionId: "named" });
  expect(await node.engine.context(id, ["$session"])).toEqual({ $session: 1 });
});
