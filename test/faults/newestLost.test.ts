/** Redis comes back without its newest writes, and the work goes on otherwise: nobody who saw what was lost is led on as if it had happened. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { oneGroup, task } from "../support/builders.js";
import { startTestRedis, type TestRedis } from "../support/redisServer.js";
import { CALLER, eventsOf, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { withRedis } from "../support/withRedis.js";
import { expectNothingLeft } from "./checks.js";

const keyPrefix = testPrefix();
let redis: TestRedis;
let node: FanwireNode;

beforeAll(async () => {
  redis = await startTestRedis();
  node = await startTestNode({ redisUrl: redis.url, config: { keyPrefix, leaseMs: 1_000 } });
});
afterAll(async () => {
  await node.stop(0);
  await redis.stop();
});

async function answer(workflowId: string): Promise<void> {
  await waitFor(async () => (await node.engine.signalTask(CALLER, { workflowId, task: "g.ask", outcome: "APPROVE", payload: null })).problems.length === 0, { what: "the signal to be taken" });
}

test("a log that has grown past a lost event does not pass for the one that held it", async () => {
  const id = (await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("ask", { handler: "signal" }), task("end", { after: ["ask"] })) })).workflowId as string;
  const subscription = node.events.subscribe(id);
  const seen: WorkflowEvent[] = [];
  const until = async (type: WorkflowEvent["type"]): Promise<void> => {
    while (seen.at(-1)?.type !== type) seen.push((await subscription.next()).value as WorkflowEvent);
  };
  await until("TASK_WAITING");
  await withRedis(redis, (client) => client.save());
  await answer(id);
  await until("TASK_COMPLETED");
  const [kept, lost] = [seen.find((event) => event.type === "TASK_WAITING"), seen.at(-1)] as [WorkflowEvent, WorkflowEvent];
  await redis.kill9();
  await redis.restart();
  await answer(id);
  const again = await eventsOf(node, id);
  expect(again.length).toBeGreaterThan(lost.seq);

  await expect((async () => { while (!(await subscription.next()).done); })()).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
  await expect(node.events.subscribe(id, { after: lost.cursor }).next()).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
  await expect(node.events.readEvents(id, 10, { after: lost.cursor })).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
  const { value: next } = await node.events.subscribe(id, { after: kept.cursor }).next();
  expect(next).toMatchObject({ seq: kept.seq + 1 });
  expect((await node.events.subscribe(id, { after: again.at(-2)?.cursor as string }).next()).value).toMatchObject({ type: "WORKFLOW_COMPLETED" });
  await expectNothingLeft(node, keyPrefix);
});
