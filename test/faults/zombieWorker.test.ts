/** Workers that come back after their leases were given away: whatever they send is stale and changes nothing. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Outcome, UnitRef } from "../../src/engine/ports.js";
import type { FanwireNode } from "../../src/main.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { completions, expectNothingLeft, expectWholeLog, keyspace, stopExpiry } from "./checks.js";
import { compileWorker, type CompiledWorker } from "./compiledWorker.js";
import { elsewhere } from "./handlers.js";
import { refOf, StoreClient } from "./storeClient.js";
import { Ledger, WorkerProcess, type WorkerSettings } from "./workerProcesses.js";

const LEASE_MS = 600;

let ledger: Ledger;
let compiled: CompiledWorker;
let node: FanwireNode;
let settings: WorkerSettings;
const keyPrefix = testPrefix();

beforeAll(async () => {
  ledger = await Ledger.create();
  compiled = await compileWorker();
  node = await startTestNode({ handlers: elsewhere("slow"), config: { keyPrefix, worker: false, leaseMs: LEASE_MS } });
  settings = { script: compiled.path, redisUrl: process.env.FANWIRE_TEST_REDIS as string, keyPrefix, leaseMs: LEASE_MS, workerConcurrency: 10, ledger: ledger.path };
});
afterAll(async () => {
  await node.stop();
  await ledger.remove();
  await compiled.remove();
});

async function submitSlow(ms: number): Promise<string> {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(
    task("alone", { handler: "slow", input: { value: "alone", ms } }),
    task("each", { handler: "slow", input: { value: "{{ x }}", ms }, expansion: expansion({ array: { x: "[1, 2, 3]" } }) }),
  ) });
  return workflowId as string;
}

test("a worker that was stopped for longer than its lease gets nothing recorded when it goes on", async () => {
  const zombie = WorkerProcess.start(settings);
  await zombie.ready;
  const id = await submitSlow(500);
  await waitFor(() => ledger.lines().filter((line) => line.pid === zombie.pid && line.what === "start").length === 4, { what: "the zombie to start everything" });
  zombie.signal("SIGSTOP");
  const heir = WorkerProcess.start(settings);
  const events = await eventsOf(node, id);
  expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
  expectWholeLog(events);
  expect(ledger.unfounded(id, completions(events).filter((event) => event.task !== "g.each" || event.itemIndex !== undefined))).toEqual([]);
  expect(ledger.lines().filter((line) => line.pid === heir.pid && line.what === "start")).toHaveLength(4);
  await heir.kill();

  zombie.signal("SIGCONT");
  await waitFor(() => ledger.lines().filter((line) => line.pid === zombie.pid && line.what === "end").length === 4, { what: "the zombie's handlers to end" });
  // It has sent what it wanted to send once it works on something new; nobody else is there to do that.
  const next = await finished(node, await submitSlow(1));
  expect(next.status).toBe("COMPLETED");
  expect(await eventsOf(node, id)).toEqual(events);
  expect(await node.engine.context(id)).toEqual({ alone: "alone", each: [1, 2, 3] });
  await zombie.kill();
  await expectNothingLeft(node, keyPrefix);
});

test("a stopped worker's handlers learn by their signal that the lease is gone", async () => {
  const zombie = WorkerProcess.start(settings);
  await zombie.ready;
  const id = await submitSlow(4_000);
  const ofZombie = (what: string): number => ledger.lines().filter((line) => line.pid === zombie.pid && line.what === what && line.workflowId === id).length;
  await waitFor(() => ofZombie("start") === 4, { what: "the zombie to start everything" });
  zombie.signal("SIGSTOP");
  // Another worker takes the units over, and keeps them.
  const heir = new StoreClient(node, "heir", keyPrefix, 60_000);
  const taken = new Set<string>();
  await waitFor(async () => {
    for (const claim of await heir.store.claimTasks(0, heir.request(10))) taken.add(`${claim.node} ${claim.unit}`);
    return taken.size === 4;
  }, { what: "every unit to be taken over" });
  zombie.signal("SIGCONT");
  await waitFor(() => ofZombie("abort") === 4, { what: "the zombie's handlers to be told" });
  expect(ofZombie("end")).toBe(0);
  await zombie.kill();
  await node.engine.cancelWorkflow(CALLER, id);
});

/** Every outcome that a worker can send for a plain task. */
function plainOutcomes(ref: UnitRef): Outcome[] {
  return [
    { kind: "done", ref, status: "COMPLETED", failsWorkflow: false, cancelsRest: false, group: "0", route: "", writes: ["alone", '"stale"'] },
    { kind: "done", ref, status: "FAILED", error: '{"code":"X","message":"x","retryable":false}', failsWorkflow: true, cancelsRest: true, group: "0", route: "", writes: [] },
    { kind: "retry", ref, delayMs: 1, error: '{"code":"X","message":"x","retryable":true}' },
    { kind: "wait", ref, delayMs: 1, result: "null" },
    { kind: "requeue", ref, lane: "slow~0", lost: true },
    { kind: "progress", ref, text: '{"percent":50}' },
    { kind: "expand", ref, total: 1, chunk: 1, window: 1, tolerated: 0, failFast: true, lane: "slow~0", planLane: "$plan~0", variables: ["v0", '[["0",{}]]'] },
  ];
}

function itemOutcomes(ref: UnitRef): Outcome[] {
  const piece = { offset: 0, count: 1 };
  const lanes = { lane: "slow~0", planLane: "$plan~0" };
  return [
    { kind: "items", ref, ...lanes, pieces: [{ ...piece, letter: "C", text: '["stale"]' }] },
    { kind: "items", ref, ...lanes, pieces: [{ ...piece, letter: "F", text: '{"code":"X","message":"x","retryable":false}' }] },
    { kind: "items", ref, ...lanes, pieces: [{ ...piece, letter: "Y", text: '{"code":"X","message":"x","retryable":true}' }] },
    { kind: "items", ref, ...lanes, pieces: [{ ...piece, letter: "W", text: "null" }] },
    { kind: "split", ref, lane: "slow~0" },
    { kind: "requeue", ref, lane: "slow~0", lost: true },
    { kind: "progress", ref, item: 0, text: '{"percent":50}' },
  ];
}

/** One worker claims, is lost, and the units go to another. */
async function takenOver(): Promise<{ id: string; zombie: StoreClient; heir: StoreClient; stale: { plain: UnitRef; items: UnitRef; expand: UnitRef } }> {
  const id = await submitSlow(1);
  const zombie = new StoreClient(node, "zombie", keyPrefix, 100);
  const heir = new StoreClient(node, "heir", keyPrefix, 60_000);
  const first = (await zombie.claim()).map(refOf);
  const plain = first.find((ref) => ref.node === 0) as UnitRef;
  const expand = first.find((ref) => ref.node === 1) as UnitRef;
  const again = await Promise.all([heir.claimOne(), heir.claimOne()]);
  const expandAgain = refOf(again.find((claim) => claim.node === 1) as NonNullable<(typeof again)[0]>);
  const variables = ["v0", JSON.stringify([1, 2, 3].map((x, i) => [String(i), { x }]))];
  await heir.store.completeTasks(0, heir.request(0), [
    { kind: "expand", ref: expandAgain, total: 3, chunk: 3, window: 3, tolerated: 0, failFast: true, lane: "slow~0", planLane: "$plan~0", variables },
  ]);
  const items = refOf(await zombie.claimOne());
  await heir.claimOne();
  return { id, zombie, heir, stale: { plain, items, expand } };
}

test("nothing that a worker can send under a lost claim changes a single key", async () => {
  const { id, zombie, stale } = await takenOver();
  await stopExpiry(node.redis, keyPrefix);
  const before = await keyspace(node.redis, keyPrefix);
  for (const outcome of [...plainOutcomes(stale.plain), ...itemOutcomes(stale.items), ...plainOutcomes(stale.expand)]) {
    const { codes } = await zombie.store.completeTasks(0, zombie.request(0), [outcome]);
    expect([outcome.kind, ...codes]).toEqual([outcome.kind, "STALE"]);
  }
  expect(await zombie.store.storeItems(stale.expand, ["v0", "stale"])).toBe(false);
  expect(await zombie.store.heartbeatTasks(0, "zombie", Object.values(stale))).toEqual(Object.values(stale));
  expect(await keyspace(node.redis, keyPrefix)).toEqual(before);
  await node.engine.cancelWorkflow(CALLER, id);
});

test("a claim does not hold for another worker, whatever token it names", async () => {
  const id = await submitSlow(1);
  const owner = new StoreClient(node, "owner", keyPrefix, 60_000);
  const thief = new StoreClient(node, "thief", keyPrefix, 60_000);
  const ref = refOf(await owner.claimOne());
  expect(await thief.store.heartbeatTasks(0, "thief", [ref])).toEqual([ref]);
  expect(await owner.store.heartbeatTasks(0, "owner", [ref])).toEqual([]);
  await node.engine.cancelWorkflow(CALLER, id);
  expect(await owner.store.heartbeatTasks(0, "owner", [ref])).toEqual([ref]);
});

test("a retry's timer that comes late, after the workflow was cancelled and retried, does not cut short what waits since", async () => {
  const client = new StoreClient(node, "w9", keyPrefix, LEASE_MS);
  const send = async (outcome: Outcome): Promise<unknown> => (await client.store.completeTasks(0, client.request(0), [outcome])).codes[0];
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("t", { handler: "slow", retry: retry() })) });
  const ref = refOf(await client.claimOne());
  expect(await send({ kind: "retry", ref, delayMs: 3_600_000, error: '{"code":"X","message":"x","retryable":true}' })).toBe("OK");
  await node.engine.cancelWorkflow(CALLER, workflowId as string);
  expect((await node.engine.retryWorkflow(CALLER, workflowId as string)).problems).toEqual([]);
  const again = await client.claimOne();
  expect(again.attempt).toBe(2);
  expect(await send({ kind: "wait", ref: refOf(again), delayMs: 3_600_000, result: "null" })).toBe("OK");
  expect(await send({ kind: "ready", ref: { ...ref, attempt: 2, token: "0" }, lane: "slow~0" })).toBe("STALE");
  expect((await node.engine.workflowDetail(CALLER, workflowId as string))?.tasks[0]?.status).toBe("WAITING");
  await node.engine.cancelWorkflow(CALLER, workflowId as string);
});
