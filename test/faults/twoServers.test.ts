/** Several servers on one Redis: any of them can go, and a subscriber can go on at any other. */

import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { startTestRedis } from "../support/redisServer.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix, type TestOptions } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { completions, expectNothingLeft, expectWholeLog, keysUnder } from "./checks.js";
import { slow } from "./handlers.js";

let keyPrefix: string;
let started: FanwireNode[];

beforeEach(() => {
  keyPrefix = testPrefix();
  started = [];
});
afterEach(() => Promise.all(started.map((node) => node.stop(0))));

async function start(config: TestOptions["config"] = {}): Promise<FanwireNode> {
  const node = await startTestNode({ handlers: [slow], config: { keyPrefix, ...config } });
  started.push(node);
  return node;
}

async function stop(node: FanwireNode): Promise<void> {
  started = started.filter((other) => other !== node);
  await node.stop(0);
}

const chain = workflow([group("g", [
  task("a", { handler: "slow", input: { value: 1, ms: 50 } }),
  task("b", { handler: "slow", input: { value: "{{ a }}", ms: 50 } }),
  task("each", { handler: "slow", input: { value: "{{ x }}", ms: 50 }, expansion: expansion({ array: { x: "[1..30]" }, maxParallel: 6 }) }),
  task("c", { handler: "slow", input: { value: "{{ b }}", ms: 50 } }),
])]);

test("a workflow goes on when the server that took it stops, and a follower on another misses nothing", async () => {
  const [first, second] = await Promise.all([start(), start()]) as [FanwireNode, FanwireNode];
  const { workflowId } = await first.engine.submitWorkflow(CALLER, { definition: chain });
  const id = workflowId as string;
  const seen: WorkflowEvent[] = [];
  for await (const event of first.events.subscribe(id)) {
    seen.push(event);
    if (completions(seen).length === 3) break;
  }
  const followed = eventsOf(second, id);
  await stop(first);
  const events = await followed;
  expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
  expectWholeLog(events);
  expect(completions(events)).toHaveLength(34);
  expect(await second.engine.context(id)).toMatchObject({ a: 1, b: 1, c: 1, each: Array.from({ length: 30 }, (_, i) => i + 1) });
  // What it had in hand was handed back, not lost: no lease had to run out for that.
  expect(Math.max(...events.map((event) => event.atMs)) - Math.min(...events.map((event) => event.atMs))).toBeLessThan(10_000);

  const resumed: WorkflowEvent[] = [];
  for await (const event of second.events.subscribe(id, { after: seen.at(-1)?.cursor as string })) resumed.push(event);
  expect([...seen, ...resumed].map((event) => event.seq)).toEqual(events.map((event) => event.seq));
  await expectNothingLeft(second, keyPrefix);
});

test("a subscriber that changes servers after every few events sees the log exactly once", async () => {
  const nodes = await Promise.all([start(), start({ worker: false })]);
  const { workflowId } = await (nodes[0] as FanwireNode).engine.submitWorkflow(CALLER, { definition: chain });
  const seen: WorkflowEvent[] = [];
  for (let turn = 0; seen.at(-1)?.type !== "WORKFLOW_COMPLETED"; turn++) {
    const node = nodes[turn % 2] as FanwireNode;
    let events = 0;
    for await (const event of node.events.subscribe(workflowId as string, { after: seen.at(-1)?.cursor })) {
      seen.push(event);
      if (++events === 7) break;
    }
  }
  expectWholeLog(seen);
});

test("doorbells that are lost delay events and work, but lose neither", async () => {
  // A Redis of its own: these kills would be felt by every test on the shared one.
  const redis = await startTestRedis();
  onTestFinished(() => redis.stop());
  const [worker, follower] = await Promise.all([start({ redisUrl: redis.url }), start({ redisUrl: redis.url, worker: false })]) as [FanwireNode, FanwireNode];
  onTestFinished(() => Promise.all([stop(worker), stop(follower)]).then(() => undefined));
  const { workflowId } = await worker.engine.submitWorkflow(CALLER, { definition: oneGroup(
    task("a", { handler: "slow", input: { value: 1, ms: 200 } }),
    task("pause", { handler: "delay", input: { duration: "300ms" }, after: ["a"] }),
    task("b", { after: ["pause"] }),
  ) });
  let rings = 0;
  const events: WorkflowEvent[] = [];
  for await (const event of follower.events.subscribe(workflowId as string)) {
    events.push(event);
    if (event.kind === "task" && rings < 5) rings += Number(await follower.redis.call("CLIENT", "KILL", "TYPE", "pubsub"));
  }
  expect(rings).toBeGreaterThan(0);
  expectWholeLog(events);
});

test("an event whose doorbell nobody heard arrives by the poll", async () => {
  const node = await start();
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("a", { handler: "slow", input: { value: 1, ms: 60_000 } })) });
  const seen: string[] = [];
  const following = (async () => { for await (const event of node.events.subscribe(workflowId as string)) seen.push(event.type); })();
  await waitFor(() => seen.includes("TASK_STARTED"), { what: "the live part" });
  // Ends the workflow as another server would, but without a ring.
  const silent = await startTestNode({ config: { keyPrefix, worker: false } });
  started.push(silent);
  await silent.redis.eval(`
    local w = KEYS[1]
    local seq = tonumber(redis.call('HGET', w, 'seq')) + 1
    redis.call('RPUSH', KEYS[2], seq .. ' 1\\nE X -')
    redis.call('HSET', w, 'seq', seq, 'st', 'X')`, 2, `${keyPrefix}:{s0}:w:${workflowId}`, `${keyPrefix}:{s0}:e:${workflowId}`);
  await following;
  expect(seen.at(-1)).toBe("WORKFLOW_CANCELLED");
});

test("units whose lanes were lost are queued again", async () => {
  const node = await start({ worker: false });
  const ids = await Promise.all([1, 2, 3].map(async () => (await node.engine.submitWorkflow(CALLER, { definition: chain })).workflowId as string));
  const lanes = (await keysUnder(node.redis, keyPrefix)).filter((key) => key.includes(":q:"));
  expect(lanes.length).toBeGreaterThan(0);
  await node.redis.del(...lanes);
  await start();
  for (const id of ids) expect((await finished(node, id)).status).toBe("COMPLETED");
}, 40_000);
