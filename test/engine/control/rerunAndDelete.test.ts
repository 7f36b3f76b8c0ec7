/** rerunWorkflow makes a new workflow of the old one's beginnings; deleteWorkflow leaves nothing of an ended one. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import { expansion, group, oneGroup, task, workflow } from "../../support/builders.js";
import { stopSoundly } from "../../support/soundKeys.js";
import { CALLER, startTestNode, testPrefix } from "../../support/testNode.js";
import { keysUnder } from "../../faults/checks.js";
import { becomes, codes, detailOf, logOf, start, taskIn } from "./support.js";

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ config: { keyPrefix } }); });
afterAll(() => stopSoundly(node));

test("a rerun has the same definition, labels and initial context, with keys replaced and added, and is linked", async () => {
  const definition = workflow([group("g", [task("sum", { handler: "transform", input: { expression: "a + b + c", data: { a: "{{ a }}", b: "{{ b }}", c: "{{ c }}" } } })])], { externalKeys: ["c"] });
  const id = await start(node, { definition, context: { a: 1, b: 2 }, labels: { team: "x" } });
  await node.engine.provideContext(CALLER, id, { c: 3 });
  await becomes(node, id, "COMPLETED");
  const { workflowId, problems } = await node.engine.rerunWorkflow(CALLER, id, { b: 20 });
  expect(problems).toEqual([]);
  // What was provided later is no part of the beginnings.
  const again = await detailOf(node, workflowId as string);
  expect(again).toMatchObject({ rerunOf: id, labels: { team: "x" }, status: "RUNNING" });
  expect(taskIn(again, "g.sum").waitingFor).toMatchObject([{ kind: "EXTERNAL_KEY", key: "c" }]);
  await node.engine.provideContext(CALLER, workflowId as string, { c: 300 });
  await becomes(node, workflowId as string, "COMPLETED");
  expect(await node.engine.context(workflowId as string)).toEqual({ a: 1, b: 20, c: 300, sum: 321 });
  expect((await detailOf(node, id)).rerunOf).toBeUndefined();
});

test("what a rerun cannot take is a problem, and nothing is submitted", async () => {
  const id = await start(node, { definition: oneGroup(task("a")) });
  await becomes(node, id, "COMPLETED");
  const before = await node.engine.workflows(CALLER, {}, {});
  expect(codes(await node.engine.rerunWorkflow(CALLER, id, [1]))).toEqual(["INVALID_VALUE context"]);
  expect(codes(await node.engine.rerunWorkflow(CALLER, id, { a: 1 }))).toEqual(["KEY_IN_CONTEXT context.a"]);
  expect(codes(await node.engine.rerunWorkflow({ tenant: "other" }, id))).toEqual(["NOT_FOUND id"]);
  expect((await node.engine.workflows(CALLER, {}, {})).totalCount).toBe(before.totalCount);
});

test("a deleted workflow leaves no key, and is gone for readers; a running one stays", async () => {
  const earlier = await keysUnder(node.redis, keyPrefix);
  const id = await start(node, { definition: oneGroup(task("each", { input: "{{ x }}", expansion: expansion({ array: { x: [1, 2] } }) })), idempotencyKey: "delete-me" });
  await becomes(node, id, "COMPLETED");
  await logOf(node, id);
  expect((await node.engine.deleteWorkflow({ tenant: "other" }, id)).deleted).toBe(false);
  expect(await node.engine.deleteWorkflow(CALLER, id)).toEqual({ deleted: true, problems: [] });
  expect(await node.engine.workflow(CALLER, id)).toBeNull();
  expect((await keysUnder(node.redis, keyPrefix)).filter((key) => !earlier.includes(key) && key.includes(id))).toEqual([]);
  expect((await keysUnder(node.redis, keyPrefix)).filter((key) => key.includes(":idem:"))).toEqual([]);
  expect(codes(await node.engine.deleteWorkflow(CALLER, id))).toEqual(["NOT_FOUND id"]);
  const running = await start(node, { definition: oneGroup(task("ask", { handler: "signal" })) });
  await node.engine.pauseWorkflow(CALLER, running);
  expect(await node.engine.deleteWorkflow(CALLER, running)).toMatchObject({ deleted: false, problems: [{ code: "NOT_ENDED", path: "id" }] });
  expect((await detailOf(node, running)).status).toBe("PAUSED");
});
