/** After retention nothing of a workflow is left, and nothing of others is gone. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { keysUnder } from "../faults/checks.js";

/** Long enough to read what was just ended, short enough to wait for. */
const RETENTION_MS = 700;
const keyPrefix = testPrefix();
let node: FanwireNode;

beforeAll(async () => { node = await startTestNode({ config: { keyPrefix, retentionMs: RETENTION_MS } }); });
afterAll(() => node.stop());

const rich = oneGroup(
  task("a", { handler: "fail", input: { untilAttempt: 2, result: 1 }, retry: retry({ initialDelayMs: 1 }) }),
  task("each", { handler: "transform", input: { expression: "x", data: { x: "{{ x }}" } }, expansion: expansion({ array: { x: "xs" } }) }),
  task("pause", { handler: "delay", input: { duration: "5ms" } }),
  task("never", { handler: "log", when: "false", after: ["a"] }),
);

async function submit(idempotencyKey?: string): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: rich, context: { xs: Array.from({ length: 250 }, (_, i) => i) }, idempotencyKey });
  expect(problems).toEqual([]);
  return workflowId as string;
}

async function gone(id: string): Promise<void> {
  await waitFor(async () => (await node.engine.workflow(CALLER, id)) === null, { what: `${id} to go` });
}

/** What a deployment has before and after any workflow. */
const STANDING = /:(meta|ready|tn|workers|alive|lanes|load|f)$|:lease$|:wk:/;

test("no key is left: not the definition, not the idempotency key, no index entry", async () => {
  const id = await submit("once");
  await finished(node, id);
  await gone(id);
  await waitFor(async () => (await keysUnder(node.redis, keyPrefix)).every((key) => STANDING.test(key)), { what: "the last key to go" })
    .catch(async () => expect((await keysUnder(node.redis, keyPrefix)).filter((key) => !STANDING.test(key))).toEqual([]));
  expect(await node.redis.hkeys(`${keyPrefix}:{s0}:lease`)).toEqual(["n"]);
  expect((await node.engine.workflows(CALLER, {}, { first: 10 })).totalCount).toBe(0);
  expect(await submit("once")).not.toBe(id);
});

test("a definition stays while another workflow uses it", async () => {
  const [first, second] = [await submit(), await submit()];
  await finished(node, first);
  await waitFor(async () => (await node.engine.workflow(CALLER, first)) === null && (await node.engine.workflow(CALLER, second)) === null, { what: "both to go" });
  const third = await submit();
  expect((await finished(node, third)).status).toBe("COMPLETED");
});

test("a cancelled workflow goes too, and a running one stays however old it is", async () => {
  const running = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("long", { handler: "delay", input: { duration: "1h" } })) });
  const cancelled = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("longer", { handler: "delay", input: { duration: "2h" } })) });
  await node.engine.cancelWorkflow(CALLER, cancelled.workflowId as string);
  await gone(cancelled.workflowId as string);
  expect((await node.engine.workflow(CALLER, running.workflowId as string))?.status).toBe("RUNNING");
  await node.engine.cancelWorkflow(CALLER, running.workflowId as string);
});

test("a subscriber who was too slow is told so, instead of waiting for ever", async () => {
  const definition = oneGroup(...Array.from({ length: 60 }, (_, i) => task(`t${i}`, i === 0 ? {} : { after: [`t${i - 1}`] })));
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition });
  const slowly = node.events.subscribe(workflowId as string);
  await slowly.next();
  await finished(node, workflowId as string);
  await gone(workflowId as string);
  await expect((async () => { for await (const event of slowly) expect(event.type).not.toBe("WORKFLOW_COMPLETED"); })()).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
});

test("its cursors are expired, and say so", async () => {
  const id = await submit();
  const cursor = (await eventsOf(node, id)).at(-2)?.cursor as string;
  await gone(id);
  await expect(node.events.subscribe(id, { after: cursor }).next()).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
  await expect(node.events.readEvents(id, 10, { after: cursor })).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
  await expect(node.events.readEvents(id, 10)).rejects.toMatchObject({ code: "NOT_FOUND" });
});
