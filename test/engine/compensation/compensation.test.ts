/** Compensation: what completed is undone in reverse order when a workflow does not end well, and nothing is undone when it does. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Handler } from "../../../src/engine/handlers.js";
import type { FanwireNode } from "../../../src/main.js";
import type { JsonObject, JsonValue } from "../../../src/workflow/json.js";
import type { TaskDefinition } from "../../../src/workflow/definition.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../../support/testNode.js";
import { coordinationFields } from "../../model/leftovers.js";
import { Keys, shardOf, shardPrefix } from "../../../src/store/keys.js";
import { expectSoundKeys, stopSoundly } from "../../support/soundKeys.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, codes, detailOf, logOf, start, taskBecomes, taskIn } from "../control/support.js";

/** What was undone, in this order: the inputs of the handler `undo`. */
const undone: JsonValue[] = [];
const undo: Handler = {
  name: "undo", description: "Notes its input; fails as often as `fails` says.", builtIn: false,
  async run({ input, attempt, idempotencyKey }) {
    const { fails = 0, noteKey } = (input ?? {}) as JsonObject;
    if (attempt <= Number(fails)) throw new Error("cannot be undone yet");
    undone.push(noteKey ? idempotencyKey : input);
    return "undone";
  },
};
/** Fails until it is told otherwise. */
let broken = true;
const fragile: Handler = { name: "fragile", description: "", builtIn: false, run: () => { if (broken) throw new Error("broken"); return "mended"; } };
const counts = new Map<string, number>();
/** Its result tells how often it has run. */
const counting: Handler = {
  name: "counting", description: "", builtIn: false,
  run({ input }) {
    const name = String(input);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return `${name} ${counts.get(name)}`;
  },
};

let node: FanwireNode;
const keyPrefix = testPrefix();
beforeAll(async () => { node = await startTestNode({ handlers: [undo, fragile, counting], config: { keyPrefix } }); });
beforeEach(() => {
  undone.length = 0;
  broken = true;
  counts.clear();
});
afterAll(() => stopSoundly(node));

const undoable = (name: string, more: Partial<TaskDefinition> = {}): TaskDefinition =>
  task(name, { handler: "transform", input: { expression: `'did ${name}'`, data: null }, compensate: { handler: "undo", input: "{{ $result }}" }, ...more });
const bad = (name: string, after: string[] = []): TaskDefinition => task(name, { handler: "fail", input: { code: "BAD", retryable: false }, after });

async function leftovers(id: string): Promise<string[]> {
  return coordinationFields(node.redis, new Keys(shardPrefix(keyPrefix, shardOf(id) as number)), id);
}

test("what completed is undone in reverse order of completion, one at a time, before the workflow ends FAILED", async () => {
  const id = await start(node, { definition: oneGroup(undoable("a"), undoable("b", { after: ["a"] }), undoable("c", { after: ["b"] }), bad("d", ["c"])) });
  const events = await eventsOf(node, id);
  expect(undone).toEqual(["did c", "did b", "did a"]);
  const after = events.slice(events.findIndex(({ type }) => type === "TASK_FAILED"));
  expect(after.flatMap((event) => (event.kind === "task" ? [`${event.type} ${event.task}`] : []))).toEqual([
    "TASK_FAILED g.d",
    ...["c", "b", "a"].flatMap((name) => ["TASK_READY", "TASK_STARTED", "TASK_COMPLETED"].map((type) => `${type} g.${name}!compensate`)),
  ]);
  expect(events.at(-1)).toMatchObject({ type: "WORKFLOW_FAILED", error: { code: "BAD", task: "g.d" } });
  const detail = await detailOf(node, id);
  expect(detail).toMatchObject({ status: "FAILED", counts: { total: 7, completed: 6, failed: 1, pending: 0 }, error: { code: "BAD" } });
  expect(taskIn(detail, "g.b!compensate")).toMatchObject({ status: "COMPLETED", attempt: 1, waitingFor: [] });
  expect(detail.groups[0]?.tasks.map(({ address }) => address)).toContain("g.c!compensate");
  expect(await leftovers(id)).toEqual([]);
});

test("a workflow that completes undoes nothing, and shows no compensation", async () => {
  const id = await start(node, { definition: oneGroup(undoable("a"), task("b", { after: ["a"] })) });
  const detail = await finished(node, id);
  expect(detail).toMatchObject({ status: "COMPLETED", counts: { total: 2, completed: 2 } });
  expect(detail.tasks.map(({ address }) => address)).toEqual(["g.a", "g.b"]);
  expect(undone).toEqual([]);
  expect(await leftovers(id)).toEqual([]);
});

test("a compensation sees the context, the result and the workflow's error, and a key that never came only fails itself", async () => {
  const compensate = { handler: "undo", input: { result: "{{ $result.x }}", key: "{{ n }}", code: "{{ $error.code }}", task: "{{ $error.task }}", never: "{{ never ?? 'none' }}" } };
  const id = await start(node, {
    context: { n: 7 },
    definition: oneGroup(
      task("first", { compensate: { handler: "undo", input: "{{ never }}" } }),
      task("a", { handler: "transform", input: { expression: "{ 'x': 1 }", data: null }, compensate, after: ["first"] }),
      task("never", { handler: "fail", input: { code: "BAD", retryable: false }, after: ["a"] }),
    ),
  });
  const detail = await finished(node, id);
  expect(undone).toEqual([{ result: 1, key: 7, code: "BAD", task: "g.never", never: "none" }]);
  expect(taskIn(detail, "g.first!compensate")).toMatchObject({ status: "FAILED", error: { code: "TEMPLATE_UNRESOLVED" } });
  expect(detail).toMatchObject({ status: "FAILED", error: { code: "BAD" } });
  expect(await node.engine.input(taskIn(detail, "g.a!compensate"))).toMatchObject({ result: 1, code: "BAD" });
  expect(await node.engine.result(taskIn(detail, "g.a!compensate"))).toBe("undone");
});

test("a result that is null is one that can be undone, of a task and of an item", async () => {
  const none = { handler: "log", compensate: { handler: "undo", input: { result: "{{ $result }}" } } };
  const id = await start(node, { definition: oneGroup(task("plain", none), task("each", { ...none, expansion: expansion({ array: { x: [1] } }), after: ["plain"] }), bad("end", ["each"])) });
  const detail = await finished(node, id);
  expect(["plain", "each"].map((name) => taskIn(detail, `g.${name}!compensate`).status)).toEqual(["COMPLETED", "COMPLETED"]);
  expect(undone).toEqual([{ result: null }, { result: null }]);
});

test("FALLBACK counts as completed, IGNORE does not, and the task's retry holds for its compensation", async () => {
  const id = await start(node, {
    definition: oneGroup(
      task("fell", { handler: "fail", input: { code: "X", retryable: false }, onFailure: "FALLBACK", fallback: "fell", compensate: { handler: "undo", input: "{{ $result }}" } }),
      task("ignored", { handler: "fail", input: { code: "X", retryable: false }, onFailure: "IGNORE", compensate: { handler: "undo", input: "ignored" } }),
      undoable("again", { compensate: { handler: "undo", input: { fails: 1 } }, retry: retry({ maxAttempts: 2, initialDelayMs: 1, jitter: false }) }),
      undoable("hopeless", { compensate: { handler: "undo", input: { fails: 9 } } }),
      bad("end", ["fell", "ignored", "again", "hopeless"]),
    ),
  });
  const detail = await finished(node, id);
  expect(undone).toEqual(expect.arrayContaining(["fell", { fails: 1 }]));
  expect(undone).toHaveLength(2);
  expect(taskIn(detail, "g.again!compensate")).toMatchObject({ status: "COMPLETED", attempt: 2 });
  expect(taskIn(detail, "g.hopeless!compensate")).toMatchObject({ status: "FAILED", error: { code: "HANDLER_ERROR", task: "g.hopeless!compensate" } });
  expect(taskIn(detail, "g.ignored!compensate")).toBeUndefined();
});

test("of an expanded task each completed item is undone with its variables and result, the last first, also when the task failed", async () => {
  const each = (name: string, more: Partial<TaskDefinition> = {}): TaskDefinition => task(name, {
    handler: "fail", input: { code: "ODD", retryable: false, untilAttempt: "{{ x = 3 ? 9 : 1 }}", result: "{{ x * 10 }}" },
    expansion: expansion({ array: { x: "xs" }, identifier: "x{{ x }}", maxParallel: 1, toleratedFailures: 1 }),
    compensate: { handler: "undo", input: { x: "{{ x }}", at: "{{ $index }}", result: "{{ $result }}" } }, ...more,
  });
  const id = await start(node, { context: { xs: [1, 2, 3, 4] }, definition: oneGroup(each("some"), bad("end", ["some"])) });
  const detail = await finished(node, id);
  expect(undone).toEqual([{ x: 4, at: 3, result: 40 }, { x: 2, at: 1, result: 20 }, { x: 1, at: 0, result: 10 }]);
  const compensation = taskIn(detail, "g.some!compensate");
  expect(compensation).toMatchObject({ status: "COMPLETED", itemCounts: { total: 3, completed: 3 } });
  expect((await node.engine.items(compensation, {}, { first: 10 })).edges.map((edge) => edge.node.identifier)).toEqual(["x4", "x2", "x1"]);
  expect(detail.counts.total).toBe(4 + 1 + 3);

  undone.length = 0;
  const failing = await start(node, { context: { xs: [1, 2, 3, 4] }, definition: oneGroup(each("none", { expansion: expansion({ array: { x: "xs" }, maxParallel: 1 }) })) });
  expect(await finished(node, failing)).toMatchObject({ status: "FAILED", error: { code: "TOLERANCE_EXCEEDED" } });
  expect(undone).toEqual([{ x: 2, at: 1, result: 20 }, { x: 1, at: 0, result: 10 }]);
  expect(await leftovers(failing)).toEqual([]);
});

test("one failed item of a compensation is recorded, and the others go on", async () => {
  const id = await start(node, {
    context: { xs: [0, 9, 0] },
    definition: oneGroup(
      task("each", { input: "{{ x }}", expansion: expansion({ array: { x: "xs" } }), compensate: { handler: "undo", input: { fails: "{{ x }}" } } }),
      bad("end", ["each"]),
    ),
  });
  const detail = await finished(node, id);
  expect(undone).toHaveLength(2);
  expect(taskIn(detail, "g.each!compensate")).toMatchObject({ status: "FAILED", error: { code: "TOLERANCE_EXCEEDED" }, itemCounts: { completed: 2, failed: 1 } });
});

test("cancelling answers at once, compensation follows, and a second cancel changes nothing", async () => {
  const held = task("ask", { handler: "signal", after: ["a"] });
  const id = await start(node, { definition: workflow([group("g", [undoable("a", { compensate: { handler: "signal" } }), undoable("b"), held])]) });
  await taskBecomes(node, id, "g.ask", "WAITING");
  await taskBecomes(node, id, "g.b", "COMPLETED");
  expect(await node.engine.cancelWorkflow(CALLER, id, "enough")).toEqual({ problems: [] });
  expect(await detailOf(node, id)).toMatchObject({ status: "RUNNING", error: { code: "CANCELLED", message: "enough" } });
  await taskBecomes(node, id, "g.a!compensate", "WAITING");
  await expectSoundKeys(node.redis, keyPrefix);
  const { length } = await logOf(node, id);
  expect(await node.engine.cancelWorkflow(CALLER, id, "more than enough")).toEqual({ problems: [] });
  expect(await logOf(node, id)).toHaveLength(length);
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual(["NOT_ENDED id"]);
  expect(await node.engine.signalTask(CALLER, { workflowId: id, task: "g.a!compensate", payload: "done", outcome: "APPROVE" })).toMatchObject({ problems: [] });
  const detail = await becomes(node, id, "CANCELLED");
  expect(detail.error).toMatchObject({ message: "enough" });
  expect(undone).toEqual(["did b"]);
  expect((await logOf(node, id)).at(-1)?.type).toBe("WORKFLOW_CANCELLED");
  expect(codes(await node.engine.cancelWorkflow(CALLER, id))).toEqual(["ALREADY_ENDED id"]);
  expect(await leftovers(id)).toEqual([]);
});

test("cancelling a paused workflow resumes it for its compensation; compensation can be paused itself", async () => {
  const definition = oneGroup(undoable("a", { compensate: { handler: "signal" } }), task("ask", { handler: "signal", after: ["a"] }));
  const id = await start(node, { definition });
  await taskBecomes(node, id, "g.ask", "WAITING");
  await node.engine.pauseWorkflow(CALLER, id);
  await node.engine.cancelWorkflow(CALLER, id);
  await taskBecomes(node, id, "g.a!compensate", "WAITING");
  expect(await node.engine.pauseWorkflow(CALLER, id)).toEqual({ problems: [] });
  expect((await detailOf(node, id)).status).toBe("PAUSED");
  await node.engine.signalTask(CALLER, { workflowId: id, task: "g.a!compensate", outcome: "APPROVE" });
  await becomes(node, id, "CANCELLED");
});

test("a workflow whose time is over undoes what completed, then ends TIMED_OUT; also when it is paused", async () => {
  for (const pause of [false, true]) {
    undone.length = 0;
    const definition = { ...oneGroup(undoable("a"), task("ask", { handler: "signal", after: ["a"] })), timeoutMs: 400 };
    const id = await start(node, { definition });
    await taskBecomes(node, id, "g.ask", "WAITING");
    if (pause) await node.engine.pauseWorkflow(CALLER, id);
    const detail = await becomes(node, id, "TIMED_OUT");
    expect(detail).toMatchObject({ error: { code: "TIMEOUT" }, counts: { total: 3, completed: 2, cancelled: 1 } });
    expect(undone).toEqual(["did a"]);
    expect(await leftovers(id)).toEqual([]);
  }
});

test("a group whose time is over: what completed of its expanded task's items is undone", async () => {
  const each = task("each", { handler: "signal", expansion: expansion({ array: { x: [0, 1] } }), compensate: { handler: "undo", input: "{{ x }} {{ $result }}" } });
  const id = await start(node, { definition: workflow([group("g", [each], { timeoutMs: 400 })]) });
  await waitFor(async () => (await node.engine.signalTask(CALLER, { workflowId: id, task: "g.each[1]", payload: "yes", outcome: "APPROVE" })).problems.length === 0, { what: "the answer to be taken" });
  const detail = await becomes(node, id, "FAILED");
  expect(taskIn(detail, "g.each").status).toBe("TIMED_OUT");
  expect(undone).toEqual(["1 yes"]);
  expect(await leftovers(id)).toEqual([]);
});

test("items that completed before the cancellation are undone, those that run are not", async () => {
  const id = await start(node, {
    context: { xs: [0, 1] },
    definition: oneGroup(task("each", {
      handler: "signal", expansion: expansion({ array: { x: "xs" } }), compensate: { handler: "undo", input: { x: "{{ x }}", result: "{{ $result }}" } },
    })),
  });
  await waitFor(async () => (await node.engine.signalTask(CALLER, { workflowId: id, task: "g.each[1]", payload: "yes", outcome: "APPROVE" })).problems.length === 0, { what: "the answer to be taken" });
  await node.engine.cancelWorkflow(CALLER, id);
  await becomes(node, id, "CANCELLED");
  expect(undone).toEqual([{ x: 1, result: "yes" }]);
  expect(await leftovers(id)).toEqual([]);
});

test("FAIL_FAST cancels the rest first, then undoes", async () => {
  const definition = workflow([group("g", [undoable("a"), bad("b", ["a"]), task("held", { handler: "signal" })])], { onFailure: "FAIL_FAST" });
  const detail = await finished(node, await start(node, { definition }));
  expect(taskIn(detail, "g.held").status).toBe("CANCELLED");
  expect(undone).toEqual(["did a"]);
});

test("retried, what was undone runs again with what depended on it, and what it undoes later is another attempt", async () => {
  const count = (name: string, more: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { handler: "counting", input: name, ...more });
  const definition = oneGroup(
    count("kept"),
    count("a", { compensate: { handler: "undo", input: { noteKey: true } } }),
    count("reads", { input: "{{ 'reads ' & a }}", resultKeys: ["r"] }),
    count("each", { input: "{{ 'item' & x }}", expansion: expansion({ array: { x: [1, 2] } }), compensate: { handler: "undo", input: "{{ $result }}" } }),
    task("end", { handler: "fragile", after: ["kept", "reads", "each"] }),
  );
  const id = await start(node, { definition });
  await becomes(node, id, "FAILED");
  const first = [...undone];
  expect(first).toEqual(expect.arrayContaining(["item2 1", "item1 1", `${id}/g.a!compensate`]));
  undone.length = 0;
  expect(await node.engine.retryWorkflow(CALLER, id)).toEqual({ problems: [] });
  await waitFor(async () => (await logOf(node, id)).filter(({ type }) => type === "WORKFLOW_FAILED").length === 2, { what: "the second failure" });
  expect(undone).toEqual(expect.arrayContaining(["item2 2", "item1 2", `${id}/g.a!compensate/1`]));
  broken = false;
  await node.engine.retryWorkflow(CALLER, id);
  const detail = await becomes(node, id, "COMPLETED");
  expect(await node.engine.context(id)).toEqual({ kept: "kept 1", a: "a 3", r: "reads a 3 1", each: ["item1 3", "item2 3"], end: "mended" });
  expect(detail.counts).toMatchObject({ total: 6, completed: 6 });
  expect(detail.tasks.map(({ address }) => address)).toEqual(["g.kept", "g.a", "g.reads", "g.each", "g.end"]);
  expect(node.engine.attempts(taskIn(detail, "g.a")).map(({ number, error }) => [number, error])).toEqual([[1, undefined], [2, undefined], [3, undefined]]);
  expect(await leftovers(id)).toEqual([]);
});
