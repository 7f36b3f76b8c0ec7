/** Small workflows that the reference once disagreed about. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDetail } from "../../src/engine/snapshot.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { expansion, oneGroup, task, workflow, group } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { coordinationFields } from "./leftovers.js";

const keyPrefix = testPrefix();
const keys = new Keys(shardPrefix(keyPrefix, 0));
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ config: { keyPrefix } }); });
afterAll(() => node.stop());

async function run(definition: WorkflowDefinition, context: JsonObject = {}): Promise<WorkflowDetail> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition, context });
  expect(problems).toEqual([]);
  return finished(node, workflowId as string);
}

const delay = (duration: string, parts: object = {}): object => ({ handler: "delay", input: { duration }, ...parts });
const failing = { handler: "fail", input: { code: "BAD", retryable: false } };

test("a delay whose null lacks the fields that its task declares fails with RESULT_INVALID", async () => {
  const done = await run(oneGroup(task("wait", delay("1ms", { resultKeys: ["a", "b"] }))));
  expect(done.status).toBe("FAILED");
  expect(done.error).toMatchObject({ code: "RESULT_INVALID", task: "g.wait" });
});

test("an item's delay is held to the declared fields as well", async () => {
  const done = await run(oneGroup(task("waits", delay("1ms", { resultKeys: ["a", "b"], expansion: expansion({ array: { n: [1, 2] }, failFast: false }) }))));
  const { edges } = await node.engine.items(done.tasks[0] as WorkflowDetail["tasks"][0], {}, {});
  expect(edges.map((edge) => [edge.node.status, edge.node.error?.code])).toEqual([["FAILED", "RESULT_INVALID"], ["FAILED", "RESULT_INVALID"]]);
  expect(done.error).toMatchObject({ code: "TOLERANCE_EXCEEDED" });
});

test("a task's near miss names only keys that it reads, whatever this worker has read before", async () => {
  const done = await run(oneGroup(
    task("first", { input: "{{ total }}", resultKeys: [] }),
    task("blind", { input: "{{ $item.totl }}", after: ["first"] }),
  ), { total: 1 });
  expect(done.tasks.map(({ status }) => status)).toEqual(["COMPLETED", "FAILED"]);
  expect(done.tasks[1]?.error).toMatchObject({ code: "TEMPLATE_UNRESOLVED" });
  expect(done.tasks[1]?.error?.message).not.toContain('"total"');
});

test("the fallback of an expanded task is of the task: a variable does not hide the key of its name", async () => {
  const done = await run(oneGroup(task("shadowed", {
    ...failing, expansion: expansion({ array: { n: [1] } }), onFailure: "FALLBACK", fallback: "{{ n }}",
  })), { n: 7 });
  expect((await node.engine.context(done.id)).shadowed).toBe(7);
});

test("a workflow that is cut off leaves no results of delays behind", async () => {
  const done = await run(workflow([group("g", [
    task("slow", delay("1h")), task("slows", delay("1h", { expansion: expansion({ array: { n: [1, 2] } }) })),
    task("brief", delay("30ms")), task("bad", { ...failing, after: ["brief"] }),
  ])], { onFailure: "FAIL_FAST" }));
  expect(done.tasks.map(({ status }) => status)).toEqual(["CANCELLED", "CANCELLED", "COMPLETED", "FAILED"]);
  expect(await coordinationFields(node.redis, keys, done.id)).toEqual([]);
});

test("items that are cancelled while they wait leave no results of delays behind", async () => {
  const done = await run(oneGroup(task("waits", delay("{{ n }}ms", { resultKeys: ["a", "b"], expansion: expansion({ array: { n: [1, 3600000, 3600000] } }) }))));
  expect(done.error).toMatchObject({ code: "TOLERANCE_EXCEEDED" });
  await waitFor(async () => (await coordinationFields(node.redis, keys, done.id)).length === 0, { what: "the workflow's hash to be clean", timeoutMs: 2_000 });
});

test("items that were cancelled once are not counted again when the rest of the workflow is cancelled", async () => {
  const cutOff = { ...failing, expansion: expansion({ array: { n: [1, 2, 3] }, maxParallel: 1 }) };
  const done = await run(workflow([group("g", [task("one", cutOff), task("two", cutOff)])], { onFailure: "FAIL_FAST" }));
  expect(done.counts).toEqual(done.groups[0]?.counts);
  expect(done.counts).toMatchObject({ total: 6, pending: 0 });
  expect(done.counts.failed + done.counts.cancelled).toBe(6);
});

test("a delay whose result is refused waits for its next attempt as one that waits, and leaves nothing behind", async () => {
  const again = { validate: "$attempt > 1", retry: { maxAttempts: 2, initialDelayMs: 0, factor: 1, maxDelayMs: 0, jitter: false, nonRetryable: [] } };
  const done = await run(oneGroup(
    task("items", delay("1ms", { ...again, expansion: expansion({ array: { n: [1, 2, 3] } }) })),
    task("plain", delay("1ms", again)),
  ));
  expect([done.status, done.tasks[1]?.attempt]).toEqual(["COMPLETED", 2]);
  expect(done.counts).toMatchObject({ total: 4, completed: 4, waiting: 0 });
  expect(done.tasks[0]?.itemCounts).toMatchObject({ total: 3, completed: 3, waiting: 0 });
  expect(await coordinationFields(node.redis, keys, done.id)).toEqual([]);
});

test("in a compensation a variable's name means the variable, also for an item that only `include` gave and that lacks it", async () => {
  const undo = { handler: "transform", input: { expression: "$", data: "{{ $exists(n) ? n : 'none' }}" } };
  const done = await run(workflow([group("g", [
    task("items", { expansion: expansion({ matrix: { n: [] }, include: [{ extra: 0 }] }), compensate: undo }),
    task("bad", { ...failing, after: ["items"] }),
  ])]), { n: 1 });
  const { edges } = await node.engine.items(done.tasks[2] as WorkflowDetail["tasks"][0], {}, {});
  expect(edges.map(({ node: { variables, result } }) => [variables, result])).toEqual([[{ extra: 0 }, "none"]]);
});
