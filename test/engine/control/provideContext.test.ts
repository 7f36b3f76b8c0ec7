/** External keys: tasks wait for them, the first value counts, and what cannot be used is a problem with its path. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import type { WorkflowDefinition } from "../../../src/workflow/definition.js";
import { expansion, group, task, workflow } from "../../support/builders.js";
import { expectProblems } from "../../support/expectProblems.js";
import { stopSoundly } from "../../support/soundKeys.js";
import { CALLER, startTestNode } from "../../support/testNode.js";
import { becomes, codes, detailOf, logOf, start, taskBecomes, taskIn } from "./support.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => stopSoundly(node));

const given = (expression: string, data: object): { handler: string; input: { expression: string; data: never } } => ({ handler: "transform", input: { expression, data: data as never } });
const definition: WorkflowDefinition = workflow([group("g", [
  task("both", given("x + y", { x: "{{ price }}", y: "{{ start }}" })),
  task("start", given("n", { n: "{{ n }}" })),
  task("maybe", given("m", { m: '{{ note ?? "none" }}' })),
  task("each", { ...given("i", { i: "{{ i }}" }), expansion: expansion({ array: { i: "list" } }) }),
])], { externalKeys: ["price", "note", "list"] });

test("tasks wait for external keys, say so, and are released by the write itself", async () => {
  const id = await start(node, { definition, context: { n: 2 } });
  await taskBecomes(node, id, "g.start", "COMPLETED");
  const waiting = await detailOf(node, id);
  expect(waiting.status).toBe("RUNNING");
  expect(taskIn(waiting, "g.both").waitingFor).toMatchObject([{ kind: "EXTERNAL_KEY", key: "price" }]);
  expect(taskIn(waiting, "g.maybe")).toMatchObject({ status: "PENDING", waitingFor: [{ kind: "EXTERNAL_KEY", key: "note" }] });
  expect(codes(await node.engine.provideContext(CALLER, id, { price: 40, list: [1, 2] }))).toEqual([]);
  await taskBecomes(node, id, "g.both", "COMPLETED");
  await taskBecomes(node, id, "g.each", "COMPLETED");
  expect(codes(await node.engine.provideContext(CALLER, id, { note: "hi" }))).toEqual([]);
  await becomes(node, id, "COMPLETED");
  expect(await node.engine.context(id)).toEqual({ n: 2, price: 40, list: [1, 2], note: "hi", start: 2, both: 42, maybe: "hi", each: [1, 2] });
  const events = await logOf(node, id);
  const provided = events.findIndex((event) => event.kind === "context" && event.keys.includes("price"));
  expect(events[provided]).toMatchObject({ type: "CONTEXT_UPDATED", keys: ["price", "list"] });
  expect(events.slice(provided + 1, provided + 3)).toMatchObject([{ type: "TASK_READY", task: "g.both" }, { type: "TASK_READY", task: "g.each" }]);
});

test("keys of the initial context count as supplied", async () => {
  const id = await start(node, { definition, context: { n: 1, price: 1, note: null, list: [] } });
  await becomes(node, id, "COMPLETED");
  expect(await node.engine.context(id, ["both", "maybe", "each"])).toEqual({ both: 2, maybe: null, each: [] });
});

test("a workflow whose first tasks all wait for keys from outside runs, and starts with them", async () => {
  const id = await start(node, { definition: workflow([group("g", [task("a", { input: "{{ key }}" })])], { externalKeys: ["key"] }) });
  expect(await detailOf(node, id)).toMatchObject({ status: "RUNNING", counts: { pending: 1, ready: 0 } });
  expect((await node.engine.workflows(CALLER, { status: ["RUNNING"] }, {})).edges.map((edge) => edge.node.id)).toContain(id);
  await node.engine.provideContext(CALLER, id, { key: {} });
  await becomes(node, id, "COMPLETED");
  expect((await logOf(node, id)).map(({ type }) => type).slice(0, 4)).toEqual(["WORKFLOW_SUBMITTED", "WORKFLOW_STARTED", "CONTEXT_UPDATED", "GROUP_STARTED"]);
});

test("the first value stays; with one key that has a value nothing of the call is stored", async () => {
  const id = await start(node, { definition, context: { n: 1, note: "first" } });
  expect(codes(await node.engine.provideContext(CALLER, id, { price: 1, note: "second" }))).toEqual(["ALREADY_PROVIDED values.note"]);
  expect(await node.engine.context(id, ["price", "note"])).toEqual({ note: "first" });
  expect(codes(await node.engine.provideContext(CALLER, id, { price: 1 }))).toEqual([]);
  expect(codes(await node.engine.provideContext(CALLER, id, { price: 2 }))).toEqual(["ALREADY_PROVIDED values.price"]);
});

test("what cannot be used is a problem: every one at once, with its path and a near miss", async () => {
  const id = await start(node, { definition, context: { n: 1 } });
  const { problems } = await node.engine.provideContext(CALLER, id, { prise: 1, note: "x".repeat(1024 * 1024), list: JSON.parse('[{"__proto__": 1}]') as never });
  expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual(["UNKNOWN_KEY values.prise", "LIMIT_EXCEEDED values.note", "FORBIDDEN_KEY values.list[0].__proto__"]);
  expect(problems[0]?.hint).toBe("Did you mean price?");
  expect(codes(await node.engine.provideContext(CALLER, id, [1]))).toEqual(["INVALID_VALUE values"]);
  expect(codes(await node.engine.provideContext(CALLER, id, {}))).toEqual(["REQUIRED values"]);
  expect(codes(await node.engine.provideContext({ tenant: "other" }, id, { price: 1 }))).toEqual(["NOT_FOUND id"]);
  await node.engine.cancelWorkflow(CALLER, id);
  expect(codes(await node.engine.provideContext(CALLER, id, { price: 1 }))).toEqual(["ALREADY_ENDED id"]);
});

test("external keys have usable names, each once, and no task writes them", () => {
  const externalKeys = ["a", "a", "", "__proto__", "t"];
  expectProblems(workflow([group("g", [task("t", { input: "{{ a }}" })])], { externalKeys }), [
    { code: "DUPLICATE_NAME", path: "externalKeys[1]" }, { code: "INVALID_NAME", path: "externalKeys[2]" },
    { code: "FORBIDDEN_KEY", path: "externalKeys[3]" }, { code: "DUPLICATE_WRITER", path: "externalKeys[4]", says: ["g.t", "t"] },
  ]);
  expectProblems(workflow([group("g", [task("t", { input: "{{ notes }}" })])], { externalKeys: ["note"] }), [
    { code: "UNKNOWN_KEY", path: "groups[0].tasks[0].input", hint: ["note"] },
  ]);
});
