/** A page of a list shows each workflow as it is, whatever an earlier page has shown of it. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowSnapshot } from "../../src/engine/snapshot.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { oneGroup, task } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";

const WORKFLOWS = 6;
const keyPrefix = testPrefix();
const keys = new Keys(shardPrefix(keyPrefix, 0));
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ config: { keyPrefix } }); });
afterAll(() => node.stop());

async function submit(handler: "fail" | "log"): Promise<string> {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("a", { handler, ...(handler === "fail" ? { input: { code: "BAD", retryable: false } } : {}) })) });
  await finished(node, workflowId as string);
  return workflowId as string;
}

async function listed(): Promise<Map<string, WorkflowSnapshot>> {
  const { edges } = await node.engine.workflows(CALLER, {}, { first: 100 });
  return new Map(edges.map(({ node: workflow }) => [workflow.id, workflow]));
}

test("one that is retried, or deleted, or lost by Redis and done once more, is not what it was", async () => {
  const ids: string[] = [];
  for (let i = 0; i < WORKFLOWS; i++) ids.push(await submit(i === 0 ? "fail" : "log"));
  const [retried, deleted, redone, same] = ids as [string, string, string, string];
  const before = await listed();
  expect(await listed()).toEqual(before);

  await node.engine.retryWorkflow(CALLER, retried);
  await finished(node, retried);
  await node.engine.deleteWorkflow(CALLER, deleted);
  // As often as before, but later, and to another end.
  const { finishedMs = 0, submittedMs } = before.get(redone) as WorkflowSnapshot;
  await node.redis.hset(keys.workflow(redone), { fin: finishedMs - submittedMs + 5, n: "0 0 0 0 0 0 0 0 1" });
  const after = await listed();
  expect([...after.keys()].sort()).toEqual(ids.filter((id) => id !== deleted).sort());
  for (const id of after.keys()) expect(await node.engine.workflow(CALLER, id)).toEqual(after.get(id));
  expect(after.get(retried)?.cursor).not.toBe(before.get(retried)?.cursor);
  expect(after.get(redone)).toMatchObject({ finishedMs: finishedMs + 5, counts: { completed: 0 } });
  expect(after.get(same)).toEqual(before.get(same));
});
