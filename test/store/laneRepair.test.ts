/** Units that are ready but in no lane are found and queued, and those in their lanes are left alone. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { QueuedUnit, ReadyUnit } from "../../src/engine/Sweeper.js";
import { laneOf } from "../../src/engine/TaskGroup.js";
import type { FanwireNode } from "../../src/main.js";
import { LaneRepair } from "../../src/store/LaneRepair.js";
import { ShardKeys } from "../../src/store/keys.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import type { PlanNode } from "../../src/workflow/plan.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { keysUnder } from "../faults/checks.js";
import { elsewhere } from "../faults/handlers.js";
import { refOf, StoreClient } from "../faults/storeClient.js";

const definition = oneGroup(
  task("a", { handler: "slow", timeoutMs: 5_000 }),
  task("each", { handler: "slow", input: "{{ x }}", expansion: expansion({ array: { x: "[1, 2]" } }) }),
);
const plan = compilePlan(definition);
let keyPrefix: string;
let node: FanwireNode;
let repair: LaneRepair;
let client: StoreClient;
let id: string;

beforeAll(async () => {
  keyPrefix = testPrefix();
  // Its own sweeper finds a unit only after seconds, when these tests are done with it.
  node = await startTestNode({ handlers: elsewhere("slow"), config: { keyPrefix, worker: false } });
  repair = new LaneRepair(node.redis, new ShardKeys(keyPrefix, 1));
});
beforeEach(async () => {
  for (const { node: old } of (await node.engine.workflows(CALLER, { status: ["PENDING", "RUNNING"] }, { first: 100 })).edges) await node.engine.cancelWorkflow(CALLER, old.id);
  await dropLanes();
  client = new StoreClient(node, "w1", keyPrefix, 60_000);
  id = (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string;
});
afterAll(() => node.stop());

async function lanes(): Promise<string[]> {
  return (await keysUnder(node.redis, keyPrefix)).filter((key) => key.includes(":q:"));
}

async function dropLanes(): Promise<void> {
  const keys = await lanes();
  if (keys.length > 0) await node.redis.del(...keys);
}

const withLane = (unit: ReadyUnit): QueuedUnit => ({ ...unit, lane: laneOf(plan.nodes[unit.node] as PlanNode, unit.phase) });

async function mend(): Promise<number> {
  return repair.queueLost(0, (await repair.readyUnits(id, 0)).map(withLane));
}

/** Expands `each` into two ranges; `a` runs. */
async function expanded(): Promise<void> {
  const claims = await client.claim();
  const ref = refOf(claims.find((claim) => claim.phase === "EXPAND") as NonNullable<(typeof claims)[0]>);
  await client.store.completeTasks(0, client.request(0), [{
    kind: "expand", ref, total: 2, chunk: 1, window: 2, tolerated: 0, failFast: true, lane: "slow~0", planLane: "$plan~0",
    variables: ["v0", '[["0",{"x":1}]]', "v1", '[["1",{"x":2}]]'],
  }]);
}

test("units in their lanes are not queued a second time", async () => {
  const before = await Promise.all((await lanes()).map((lane) => node.redis.lrange(lane, 0, -1)));
  expect((await repair.readyUnits(id, 0)).map(({ node: k, phase }) => [k, phase])).toEqual([[0, "PLAIN"], [1, "EXPAND"]]);
  expect(await mend()).toBe(0);
  expect(await Promise.all((await lanes()).map((lane) => node.redis.lrange(lane, 0, -1)))).toEqual(before);
});

test("lost tasks and lost expansions come back as they were, once", async () => {
  const contents = async (): Promise<[string, string[]][]> => Promise.all((await lanes()).map(async (lane): Promise<[string, string[]]> => [lane, await node.redis.lrange(lane, 0, -1)]));
  const before = await contents();
  await dropLanes();
  expect(await mend()).toBe(2);
  expect(await contents()).toEqual(before);
  expect(await mend()).toBe(0);
});

test("lost ranges come back, while another task runs", async () => {
  await expanded();
  await dropLanes();
  expect(await mend()).toBe(2);
  expect((await client.claim()).map((claim) => claim.unit).sort()).toEqual(["r0", "r1"]);
});

test("a lost collection comes back", async () => {
  await expanded();
  await client.store.completeTasks(0, client.request(0), (await client.claim()).map((claim) => ({
    kind: "items" as const, ref: refOf(claim), lane: "slow~0", planLane: "$plan~0", pieces: [{ letter: "C" as const, offset: 0, count: 1, text: "[1]" }],
  })));
  await dropLanes();
  // While `a` runs nobody looks; when nothing runs any more, it is found.
  expect(await mend()).toBe(0);
  const a = { workflowId: id, node: 0, unit: "-", attempt: 1, token: (await node.redis.hget(`${keyPrefix}:{s0}:w:${id}`, "0"))?.split(" ")[2] as string };
  await client.store.completeTasks(0, client.request(0), [{ kind: "done", ref: a, status: "COMPLETED", failsWorkflow: false, cancelsRest: false, group: "0", route: "", writes: ["a", "1"] }]);
  expect(await mend()).toBe(1);
  expect((await client.claim()).map((claim) => claim.phase)).toEqual(["COLLECT"]);
});

test("a unit that is queued twice is claimed once", async () => {
  await node.redis.rpush(`${keyPrefix}:{s0}:q:slow`, `${id} 0 - 1 5000`);
  const claims = await client.claim();
  expect(claims.map((claim) => claim.node).sort()).toEqual([0, 1]);
  expect(await client.store.claimTasks(0, client.request(10))).toEqual([]);
});

test("a unit that has just become ready is left to the workers", async () => {
  expect(await repair.readyUnits(id, 60_000)).toEqual([]);
});

test("walking on comes by every workflow that has not ended, of every tenant", async () => {
  const ids = await Promise.all(Array.from({ length: 300 }, async (_, i) => (await node.engine.submitWorkflow({ tenant: `t${i % 3}` }, { definition })).workflowId as string));
  const met = new Set<string>();
  let position: string | undefined;
  let steps = 0;
  do {
    const step = await repair.openWorkflows(0, position);
    for (const open of step.ids) met.add(open);
    position = step.next;
  } while (position !== undefined && ++steps < 1_000);
  expect([...ids, id].filter((open) => !met.has(open))).toEqual([]);
  await node.engine.cancelWorkflow({ tenant: "t0" }, ids[0] as string);
  expect((await repair.openWorkflows(0, undefined)).ids).not.toContain(ids[0]);
});
