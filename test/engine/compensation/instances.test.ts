/** Compensation in instances of expanded groups: what completed inside is undone too, in the one order of the whole workflow. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Handler } from "../../../src/engine/handlers.js";
import type { TaskState } from "../../../src/engine/snapshot.js";
import type { FanwireNode } from "../../../src/main.js";
import type { TaskDefinition, TaskGroupDefinition } from "../../../src/workflow/definition.js";
import type { JsonValue } from "../../../src/workflow/json.js";
import { Keys, shardOf, shardPrefix } from "../../../src/store/keys.js";
import { coordinationFields, coordinationLeft, tellsOfCompensation } from "../../model/leftovers.js";
import { expansion, group, task, workflow } from "../../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, detailOf, logOf, start } from "../control/support.js";
import { allTasks, instanceStates } from "../groups/groupRun.js";

/** What was undone, in this order: the inputs of the handler `undo`. */
const undone: JsonValue[] = [];
const undo: Handler = { name: "undo", description: "Notes its input.", builtIn: false, run: ({ input }) => { undone.push(input); return "undone"; } };
const runs = new Map<string, number>();
/** Its result tells how often it has run with this input. */
const counting: Handler = {
  name: "counting", description: "", builtIn: false,
  run({ input }) {
    const name = String(input);
    runs.set(name, (runs.get(name) ?? 0) + 1);
    return `${name} ${runs.get(name)}`;
  },
};
let broken = true;
const fragile: Handler = { name: "fragile", description: "", builtIn: false, run: () => { if (broken) throw new Error("broken"); return "mended"; } };

let node: FanwireNode;
const keyPrefix = testPrefix();
beforeAll(async () => { node = await startTestNode({ handlers: [undo, counting, fragile], config: { keyPrefix } }); });
beforeEach(() => {
  undone.length = 0;
  runs.clear();
  broken = true;
});
afterAll(() => node.stop());

const gives = (name: string, expression: string, data: JsonValue, more: Partial<TaskDefinition> = {}): TaskDefinition =>
  task(name, { handler: "transform", input: { expression, data }, ...more });
const undoneBy = (input: JsonValue): Partial<TaskDefinition> => ({ compensate: { handler: "undo", input } });
const bad = (name: string, after: string[] = []): TaskDefinition => task(name, { handler: "fail", input: { code: "BAD", retryable: false }, after });
const keysOf = (id: string): Keys => new Keys(shardPrefix(keyPrefix, shardOf(id) as number));
/** One instance after the other, so that the order of completion is known. */
const each = (tasks: TaskDefinition[], more: Partial<TaskGroupDefinition> = {}): TaskGroupDefinition =>
  group("trip", tasks, { expansion: expansion({ array: { n: "ns" }, identifier: "t{{ n }}", maxParallel: 1 }), ...more });

async function expectNothingLeft(id: string): Promise<void> {
  const { plan } = await detailOf(node, id);
  expect((await coordinationFields(node.redis, keysOf(id), id)).filter((field) => !tellsOfCompensation(plan, field))).toEqual([]);
  await waitFor(async () => (await coordinationLeft(node.redis, keysOf(id))).length === 0, { what: "lanes, leases and timers to be empty" });
}

test("what completed in instances, and around them, is undone in one reverse order, each seeing its instance's scope", async () => {
  const input = { price: "{{ price }}", result: "{{ $result }}", n: "{{ n }}", at: "{{ $index }}", item: "{{ $item.n }}", from: "{{ desk }}", code: "{{ $error.code }}" };
  const definition = workflow([
    group("first", [gives("open", "'opened'", null, undoneBy("{{ $result }}"))]),
    each([gives("price", "$ * 10", "{{ n }}", { after: ["first.open"], ...undoneBy("price {{ $result }}") }), gives("book", "'booked ' & $string($)", "{{ price }}", undoneBy(input))]),
    group("last", [gives("sum", "$sum($)", "{{ price }}", undoneBy("{{ $result }}")), bad("end", ["last.sum"])]),
  ]);
  const id = await start(node, { definition, context: { ns: [1, 2], desk: "d" } });
  const events = await eventsOf(node, id);
  const booked = (n: number): JsonValue => ({ price: n * 10, result: `booked ${n * 10}`, n, at: n - 1, item: n, from: "d", code: "BAD" });
  expect(undone).toEqual([30, booked(2), "price 20", booked(1), "price 10", "opened"]);
  const begun = events.flatMap((event) => (event.kind === "task" && event.type === "TASK_READY" && event.task.endsWith("!compensate") ? [event.task] : []));
  expect(begun).toEqual(["last.sum", "trip[t2].book", "trip[t2].price", "trip[t1].book", "trip[t1].price", "first.open"].map((address) => `${address}!compensate`));

  const detail = await finished(node, id);
  expect(detail).toMatchObject({ status: "FAILED", error: { code: "BAD", task: "last.end" }, counts: { total: 13, completed: 12, failed: 1, pending: 0 } });
  expect((await allTasks(node, detail)).map(({ address, status }) => `${address} ${status}`)).toEqual([
    "first.open COMPLETED", "first.open!compensate COMPLETED",
    ...["t1", "t2"].flatMap((t) => ["price", "price!compensate", "book", "book!compensate"].map((name) => `trip[${t}].${name} COMPLETED`)),
    "last.sum COMPLETED", "last.sum!compensate COMPLETED", "last.end FAILED",
  ]);
  expect(detail.groups[1]).toMatchObject({ address: "trip", status: "COMPLETED", counts: { total: 8, completed: 8 } });
  const [, second] = await instanceStates(node, detail, "trip");
  expect(second).toMatchObject({ status: "COMPLETED", counts: { total: 4, completed: 4 } });
  const compensation = (await node.engine.task(detail, "trip[t2].book!compensate")) as TaskState;
  expect(compensation).toMatchObject({ status: "COMPLETED", attempt: 1, path: "1.1" });
  expect(await node.engine.result(compensation)).toBe("undone");
  expect(await node.engine.input(compensation)).toEqual(booked(2));
  await expectNothingLeft(id);
});

test("of an expanded task in an instance the items that completed are undone, the last first, beside the instance's variables", async () => {
  const hotel = task("hotel", {
    handler: "fail", input: { code: "FULL", retryable: false, untilAttempt: "{{ night = 2 ? 9 : 1 }}", result: "{{ n & '/' & night }}" },
    expansion: expansion({ array: { night: [1, 2, 3] }, toleratedFailures: 1, maxParallel: 1 }), ...undoneBy("{{ n }} {{ night }} {{ $index }} {{ $result }}"),
  });
  const id = await start(node, { definition: workflow([each([hotel]), group("last", [bad("end", ["trip.hotel"])])]), context: { ns: [1, 2] } });
  const detail = await finished(node, id);
  expect(undone).toEqual(["2 3 2 2/3", "2 1 0 2/1", "1 3 2 1/3", "1 1 0 1/1"]);
  expect(detail.counts).toMatchObject({ total: 6 + 1 + 4, completed: 8, failed: 3 });
  const compensation = (await node.engine.task(detail, "trip[t1].hotel!compensate")) as TaskState;
  expect(compensation.itemCounts).toMatchObject({ total: 2, completed: 2 });
  expect((await node.engine.items(compensation, {}, { first: 9 })).edges.map((edge) => edge.node.result)).toEqual(["undone", "undone"]);
  await expectNothingLeft(id);
  await node.engine.deleteWorkflow(CALLER, id);
  expect(await node.redis.keys(`${keyPrefix}*${id}*`)).toEqual([]);
});

test("an instance that failed within what is tolerated undoes nothing by itself; when the workflow fails, what completed in it is undone", async () => {
  const failing = task("pay", { handler: "fail", input: { code: "BROKE", retryable: false, untilAttempt: "{{ n = 1 ? 9 : 1 }}", result: 1 }, after: ["trip.book"] });
  const trip = each([gives("book", "$", "{{ n }}", undoneBy("{{ $result }}")), failing], { expansion: expansion({ array: { n: "ns" }, toleratedFailures: 1, onItemFailure: "DROP", maxParallel: 1 }) });
  const well = await start(node, { definition: workflow([trip]), context: { ns: [1, 2] } });
  expect(await finished(node, well)).toMatchObject({ status: "COMPLETED", counts: { total: 4 } });
  expect(undone).toEqual([]);
  await expectNothingLeft(well);

  const id = await start(node, { definition: workflow([trip, group("last", [bad("end", ["trip.book"])])]), context: { ns: [1, 2] } });
  expect(await finished(node, id)).toMatchObject({ status: "FAILED", error: { code: "BAD" } });
  expect(undone).toEqual([2, 1]);
});

test("when too many instances fail, what completed in those that are cut off is undone too", async () => {
  const ask = task("ask", { handler: "signal", when: "n = 1", expansion: expansion({ array: { m: ["p", "q"] } }), ...undoneBy("{{ n }}{{ m }} {{ $result }}") });
  const pay = task("pay", { handler: "fail", input: { code: "BROKE", retryable: false, untilAttempt: "{{ go = 1 ? 9 : 1 }}", result: 1 }, after: ["trip.go"], when: "n = 2" });
  const trip = group("trip", [gives("book", "$", "{{ n }}", undoneBy("book {{ $result }}")), ask, task("go", { handler: "signal", after: ["trip.book"] }), pay], { expansion: expansion({ array: { n: [1, 2] } }) });
  const id = await start(node, { definition: workflow([trip]) });
  const answer = (address: string, payload: JsonValue): Promise<boolean> =>
    waitFor(async () => (await node.engine.signalTask(CALLER, { workflowId: id, task: address, payload, outcome: "APPROVE" })).problems.length === 0, { what: `${address} to wait` });
  await answer("trip[0].ask[1]", "yes");
  await waitFor(async () => (await node.engine.task(await detailOf(node, id), "trip[0].book"))?.status === "COMPLETED", { what: "the booking" });
  await answer("trip[1].go", 1);
  const detail = await becomes(node, id, "FAILED");
  expect(detail.error).toMatchObject({ code: "TOLERANCE_EXCEEDED", task: "trip" });
  expect(undone).toHaveLength(3);
  // The items of a task that was cancelled count from its cancellation on.
  expect(undone[0]).toBe("1q yes");
  expect(undone).toEqual(expect.arrayContaining(["book 1", "book 2"]));
  await expectNothingLeft(id);
});

test("compensations in instances that are owed are seen as PENDING, in nested instances as well, and cancelling waits for them", async () => {
  const inner = group("leg", [gives("seat", "$", "{{ n & m }}", undoneBy("{{ $result }}"))], { expansion: expansion({ array: { m: ["p", "q"] }, maxParallel: 1 }) });
  const definition = workflow([
    each([gives("book", "$", "{{ n }}", { after: [], ...undoneBy("book {{ $result }}") })], { groups: [inner] }),
    group("last", [gives("held", "1", null, { after: ["trip.book"], compensate: { handler: "signal" } }), task("ask", { handler: "signal", after: ["last.held"] })]),
  ]);
  const id = await start(node, { definition, context: { ns: [1] } });
  await waitFor(async () => (await node.engine.task(await detailOf(node, id), "last.ask"))?.status === "WAITING", { what: "the question" });
  await node.engine.cancelWorkflow(CALLER, id);
  await waitFor(async () => (await node.engine.task(await detailOf(node, id), "last.held!compensate"))?.status === "WAITING", { what: "its compensation" });
  const detail = await detailOf(node, id);
  expect(detail).toMatchObject({ status: "RUNNING", counts: { total: 9, pending: 3, waiting: 1, completed: 4, cancelled: 1 } });
  expect(detail.groups[0]).toMatchObject({ status: "COMPLETED", counts: { total: 6, pending: 3, completed: 3 } });
  const seat = (await node.engine.task(detail, "trip[t1].leg[1].seat!compensate")) as TaskState;
  expect(seat).toMatchObject({ status: "PENDING", attempt: 0, waitingFor: [{ kind: "TASK" }] });
  expect((await allTasks(node, detail)).filter(({ status }) => status === "PENDING")).toHaveLength(3);
  await node.engine.signalTask(CALLER, { workflowId: id, task: "last.held!compensate", outcome: "APPROVE" });
  await becomes(node, id, "CANCELLED");
  expect(undone).toHaveLength(3);
  expect(undone.indexOf("1q")).toBeLessThan(undone.indexOf("1p"));
  await expectNothingLeft(id);
});

test("retried, a group with instances that were undone begins anew, with other items if there are others, and what it undoes later is another attempt", async () => {
  const count = (name: string, input: JsonValue, more: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { handler: "counting", input, ...more });
  const compensate = { handler: "undo", input: "{{ $result }}" };
  const definition = workflow([
    group("first", [count("kept", "kept"), count("list", "list", { compensate })]),
    group("trip", [
      count("book", "{{ 'book' & n }}", { compensate }),
      count("seat", "{{ 'seat' & n & m }}", { expansion: expansion({ array: { m: [1, 2] } }), compensate }),
      count("note", "{{ 'note' & n & ' ' & book }}", { resultKeys: ["note"] }),
    ], { expansion: expansion({ array: { n: "[list, 'x']" } }) }),
    group("last", [task("end", { handler: "fragile", after: ["first.kept", "trip.book"] })]),
  ]);
  const id = await start(node, { definition });
  await becomes(node, id, "FAILED");
  const all = (run: number): string[] => [`list ${run}`, ...[`list ${run}`, "x"].flatMap((n) => ["book#", "seat#1", "seat#2"].map((name) => `${name.replace("#", n)} ${n === "x" ? run : 1}`))];
  expect([...undone].sort()).toEqual(all(1).sort());
  undone.length = 0;
  expect(await node.engine.retryWorkflow(CALLER, id)).toEqual({ problems: [] });
  await waitFor(async () => (await logOf(node, id)).filter(({ type }) => type === "WORKFLOW_FAILED").length === 2, { what: "the second failure" });
  expect([...undone].sort()).toEqual(all(2).sort());
  const detail = await detailOf(node, id);
  const book = (await node.engine.task(detail, "trip[0].book")) as TaskState;
  expect(book.attempt).toBeGreaterThan(1);
  expect(await node.engine.input(book)).toBe("booklist 2");
  expect((await node.engine.task(detail, "trip[1].book!compensate"))?.attempt).toBeGreaterThan(1);
  await expectNothingLeft(id);

  broken = false;
  await node.engine.retryWorkflow(CALLER, id);
  const end = await becomes(node, id, "COMPLETED");
  expect(await node.engine.context(id)).toMatchObject({ kept: "kept 1", list: "list 3", book: ["booklist 3 1", "bookx 3"], seat: [["seatlist 31 1", "seatlist 32 1"], ["seatx1 3", "seatx2 3"]], end: "mended" });
  expect(end.counts).toMatchObject({ total: 2 + 2 * 4 + 1, completed: 11 });
  expect((await allTasks(node, end)).map(({ address }) => address)).toEqual(["first.kept", "first.list", ...[0, 1].flatMap((i) => ["book", "seat", "note"].map((name) => `trip[${i}].${name}`)), "last.end"]);
  expect(end.groups[1]?.counts).toMatchObject({ total: 8, completed: 8 });
  await expectNothingLeft(id);
});
