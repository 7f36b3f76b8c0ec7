/** A consumer that does not ask is not read for, however much happens meanwhile. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { EventLog, type LogPage } from "../../src/events/EventLog.js";
import { Hub } from "../../src/events/Hub.js";
import { LogIterator } from "../../src/events/LogIterator.js";
import type { FanwireNode } from "../../src/main.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import type { LogPosition } from "../../src/workflow/cursor.js";
import { oneGroup, task } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";

const keyPrefix = testPrefix();
const keys = new Keys(shardPrefix(keyPrefix, 0));
const definition = oneGroup(...Array.from({ length: 60 }, (_, i) => task(`t${i}`, i === 0 ? {} : { after: [`t${i - 1}`] })));
let node: FanwireNode;
let id: string;

beforeAll(async () => {
  node = await startTestNode({ config: { keyPrefix } });
  id = (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string;
  await finished(node, id);
});
afterAll(() => node.stop());

/** The real log, with its pages counted. */
class CountedLog extends EventLog {
  pages = 0;

  override read(workflowId: string, from: LogPosition): Promise<LogPage> {
    this.pages++;
    return super.read(workflowId, from);
  }
}

function countedLog(): CountedLog {
  const plan = compilePlan(definition);
  return new CountedLog(node.redis, {
    logKey: (workflowId) => keys.events(workflowId),
    head: async (workflowId) => {
      const [seq, entries] = await node.redis.hmget(keys.workflow(workflowId), "seq", "ev");
      return { seq: Number(seq), entries: Number(entries), ended: true };
    },
    plan: () => Promise.resolve(plan),
    identifiers: () => Promise.resolve([]),
    itemResults: () => Promise.resolve([]),
    instanceIdentifier: () => Promise.resolve(undefined), taskResult: () => Promise.resolve(undefined),
  });
}

test("doorbells do not make a subscription read on: it holds one page until it is asked", async () => {
  const log = countedLog();
  const hub = new Hub();
  const subscription = new LogIterator(id, {}, log, hub);
  expect((await subscription.next()).value).toMatchObject({ seq: 1 });
  for (let ring = 0; ring < 1_000; ring++) hub.ring([id]);
  await node.events.readEvents(id, 1);
  expect(log.pages).toBe(1);
  let last = 1;
  for await (const event of subscription) last = event.seq;
  const entries = Number(await node.redis.llen(keys.events(id)));
  expect(last).toBe((await node.events.readEvents(id, 1_000)).events.length);
  expect(log.pages).toBeGreaterThan(2);
  // Not one read more than the log has pages of twenty entries.
  expect(log.pages).toBeLessThanOrEqual(Math.ceil(entries / 20) + 1);
  hub.stop();
});

test("a closed subscription is watched by nobody any more", async () => {
  const hub = new Hub();
  const subscriptions = Array.from({ length: 10 }, () => new LogIterator(id, {}, countedLog(), hub));
  expect(hub.watched).toBe(1);
  await subscriptions[0]?.next();
  await Promise.all(subscriptions.slice(0, 5).map((subscription) => subscription.return()));
  for (const subscription of subscriptions.slice(5)) for await (const event of subscription) expect(event.workflowId).toBe(id);
  expect(hub.watched).toBe(0);
  hub.stop();
});
