/** Redis comes back without its newest writes, and the work goes on otherwise: nobody who saw what was lost is led on as if it had happened. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Handler } from "../../src/engine/handlers.js";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import type { JsonValue } from "../../src/workflow/json.js";
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
  node = await startTestNode({ redisUrl: redis.url, handlers: [held], config: { keyPrefix, leaseMs: 1_000 } });
});
afterAll(async () => {
  await node.stop(0);
  await redis.stop();
});

type Call = () => void;
const calls: Call[] = [];
/** Answers its value when the test lets it. */
const held: Handler = {
  name: "held", description: "Answers its value when it is let.", builtIn: false,
  run: ({ input }) => new Promise((resolve) => { calls.push(() => resolve((input as { value: JsonValue }).value)); }),
};

async function answer(workflowId: string, name: string, payload: number): Promise<void> {
  await waitFor(async () => (await node.engine.signalTask(CALLER, { workflowId, task: `g.${name}`, outcome: "APPROVE", payload })).problems.length === 0, { what: "the signal to be taken" });
}

/** Asks twice; what the first answer was goes through a task between. */
const definition = oneGroup(
  task("first", { handler: "signal" }), task("between", { handler: "transform", input: { expression: "n * 10", data: { n: "{{ first }}" } } }), task("second", { handler: "signal", after: ["between"] }),
);

test("a log that has grown past a lost event does not pass for the one that held it, nor a lost value for the new one", async () => {
  const id = (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string;
  const subscription = node.events.subscribe(id);
  const untilWaiting = async (name: string): Promise<WorkflowEvent> => {
    for (;;) {
      const event = (await subscription.next()).value as WorkflowEvent;
      if (event.type === "TASK_WAITING" && event.task === `g.${name}`) return event;
    }
  };
  const kept = await untilWaiting("first");
  await withRedis(redis, (client) => client.save());
  await answer(id, "first", 1);
  const lost = await untilWaiting("second");
  await redis.kill9();
  await redis.restart();
  await answer(id, "first", 2);
  await answer(id, "second", 3);
  const again = await eventsOf(node, id);
  expect(again.length).toBeGreaterThan(lost.seq);

  expect(await node.engine.context(id)).toEqual({ first: 2, between: 20, second: 3 });
  await expect((async () => { while (!(await subscription.next()).done); })()).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
  await expect(node.events.subscribe(id, { after: lost.cursor }).next()).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
  await expect(node.events.readEvents(id, 10, { after: lost.cursor })).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
  const { value: next } = await node.events.subscribe(id, { after: kept.cursor }).next();
  expect(next).toMatchObject({ seq: kept.seq + 1 });
  expect((await node.events.subscribe(id, { after: again.at(-2)?.cursor as string }).next()).value).toMatchObject({ type: "WORKFLOW_COMPLETED" });
  await expectNothingLeft(node, keyPrefix);
});

test("a worker that runs what was lost has no say in what is run anew", async () => {
  const id = (await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("first", { handler: "signal" }), task("work", { handler: "held", input: { value: "{{ first }}" } })) })).workflowId as string;
  await waitFor(async () => (await node.events.readEvents(id, 20)).events.some((event) => event.type === "TASK_WAITING"), { what: "the task to wait" });
  await withRedis(redis, (client) => client.save());
  for (const payload of [1, 2]) {
    await answer(id, "first", payload);
    await waitFor(() => calls.length === payload, { what: `call ${payload}` });
    if (payload === 2) break;
    await redis.kill9();
    await redis.restart();
  }
  const [lost, anew] = calls as [Call, Call];
  lost();
  // Its outcome goes to Redis before those that come behind it.
  await eventsOf(node, (await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("t")) })).workflowId as string);
  anew();
  await eventsOf(node, id);
  expect(await node.engine.context(id)).toEqual({ first: 2, work: 2 });
  await expectNothingLeft(node, keyPrefix);
});
