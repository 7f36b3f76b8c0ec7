/** Redis killed and started again in the middle of everything: what was accepted ends, and subscribers miss and double nothing. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../support/builders.js";
import { startTestRedis, type TestRedis } from "../support/redisServer.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectNothingLeft, expectWholeLog } from "./checks.js";
import { slow } from "./handlers.js";

const keyPrefix = testPrefix();
const KILLS = 8;
let redis: TestRedis;
let nodes: FanwireNode[];

beforeAll(async () => {
  redis = await startTestRedis({ aof: "always" });
  nodes = await Promise.all([0, 1].map(() => startTestNode({ redisUrl: redis.url, handlers: [slow], config: { keyPrefix, workerConcurrency: 30 } })));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop(0)));
  await redis.stop();
});

const mixed: WorkflowDefinition = workflow([group("g", [
  task("a", { handler: "slow", input: { value: "{{ n }}", ms: 40 } }),
  task("b", { handler: "slow", input: { value: "{{ a }}", ms: 40 } }),
  task("pause", { handler: "delay", input: { duration: "100ms" }, after: ["a"] }),
  task("again", { handler: "fail", input: { untilAttempt: 3, result: "ok" }, retry: retry({ maxAttempts: 5, initialDelayMs: 50, jitter: false }) }),
  task("each", { handler: "slow", input: { value: "{{ x }}", ms: 30 }, expansion: expansion({ array: { x: "xs" }, maxParallel: 8 }) }),
  task("last", { handler: "transform", input: { expression: "a + b", data: { a: "{{ a }}", b: "{{ b }}" } }, after: ["pause", "again", "each"] }),
])]);
const xs = Array.from({ length: 24 }, (_, i) => i);

/** Submits until it is accepted, always with the same key, as a client does that got no answer. */
async function submit(n: number): Promise<string> {
  return waitFor(async () => {
    const node = nodes[n % nodes.length] as FanwireNode;
    const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: mixed, context: { n, xs }, idempotencyKey: `key-${n}` });
    expect(problems).toEqual([]);
    return workflowId;
  }, { what: `submission ${n} to be accepted`, timeoutMs: 30_000 });
}

test("accepted workflows end as if nothing had happened, and their subscribers get each event once", async () => {
  const logs = new Map<string, WorkflowEvent[]>();
  const watching: Promise<unknown>[] = [];
  const killing = new AbortController();
  /** Submits and subscribes, on the other node, for as long as the killing goes on. */
  const clients = Promise.all(Array.from({ length: 6 }, async (_, client) => {
    for (let n = client; !killing.signal.aborted; n += 6) {
      const id = await submit(n);
      watching.push(eventsOf(nodes[(n + 1) % 2] as FanwireNode, id).then((events) => logs.set(id, events)));
      await finished(nodes[n % 2] as FanwireNode, id);
    }
  }));
  for (let kill = 1; kill <= KILLS; kill++) {
    const seen = logs.size;
    await waitFor(() => logs.size >= seen + 8, { what: `workflows to end before kill ${kill}`, timeoutMs: 40_000 });
    await redis.kill9();
    await redis.restart();
  }
  killing.abort();
  await clients;
  await Promise.all(watching);

  expect(logs.size).toBeGreaterThanOrEqual(KILLS * 8);
  for (const [id, events] of logs) {
    expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
    expectWholeLog(events);
    const context = await (nodes[0] as FanwireNode).engine.context(id);
    const n = context["n"] as number;
    expect(context).toEqual({ n, xs, a: n, b: n, pause: null, again: "ok", each: xs, last: 2 * n });
    expect(await submit(n)).toBe(id);
  }
  const { totalCount } = await (nodes[0] as FanwireNode).engine.workflows(CALLER, {}, { first: 1 });
  expect(totalCount).toBe(logs.size);
  await expectNothingLeft(nodes[0] as FanwireNode, keyPrefix);
}, 60_000);

test("a subscription that waits while Redis is away goes on when it is back", async () => {
  const node = nodes[0] as FanwireNode;
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("pause", { handler: "delay", input: { duration: "300ms" } }), task("end", { after: ["pause"] })) });
  const subscription = node.events.subscribe(workflowId as string);
  const events: WorkflowEvent[] = [];
  for await (const event of subscription) {
    events.push(event);
    if (event.type !== "TASK_WAITING") continue;
    await redis.kill9();
    await redis.restart();
  }
  expectWholeLog(events);
  expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
});
