/** A handler that keeps its whole process busy for longer than the lease: no heartbeat is sent, another worker does the task, and the first has no say. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { oneGroup, task } from "../support/builders.js";
import { CALLER, eventsOf, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { completions, expectNothingLeft, expectWholeLog } from "./checks.js";
import { compileWorker, type CompiledWorker } from "./compiledWorker.js";
import { elsewhere } from "./handlers.js";
import { Ledger, WorkerPool } from "./workerProcesses.js";

const LEASE_MS = 800;
const keyPrefix = testPrefix();
let ledger: Ledger;
let compiled: CompiledWorker;
let node: FanwireNode;
let pool: WorkerPool | undefined;

beforeAll(async () => {
  ledger = await Ledger.create();
  compiled = await compileWorker();
  node = await startTestNode({ handlers: elsewhere("blocking"), config: { keyPrefix, worker: false, leaseMs: LEASE_MS } });
});
afterEach(() => pool?.stop());
afterAll(async () => {
  await node.stop();
  await ledger.remove();
  await compiled.remove();
});

test("the task is done once, by the other worker, and what the blocked one brings late changes nothing", async () => {
  pool = new WorkerPool({ script: compiled.path, redisUrl: process.env.FANWIRE_TEST_REDIS as string, keyPrefix, leaseMs: LEASE_MS, workerConcurrency: 1, ledger: ledger.path }, 2);
  await Promise.all([...pool.workers].map(({ ready }) => ready));
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("a", { handler: "blocking", input: { value: 7, ms: LEASE_MS * 4 } })) });
  const id = workflowId as string;
  const events = await eventsOf(node, id);
  const starts = ledger.lines().filter(({ what }) => what === "start");
  expect(new Set(starts.map(({ pid }) => pid)).size).toBe(2);
  expect(completions(events).map(({ worker }) => /^w(\d+)-/.exec(worker ?? "")?.[1])).toEqual([String(starts[1]?.pid)]);
  await waitFor(() => ledger.lines().filter(({ what, pid }) => what === "end" && pid === starts[0]?.pid).length > 0, { what: "the blocked worker to go on" });
  // It works again, so what it had to say has been said.
  const next = (await node.engine.submitWorkflow(CALLER, { definition: oneGroup(...["b", "c", "d", "e"].map((name) => task(name, { handler: "blocking", input: { value: 1, ms: 0 } }))) })).workflowId as string;
  await eventsOf(node, next);
  const after = (await node.events.readEvents(id, 100)).events;
  expectWholeLog(after);
  expect(after.map(({ seq, type }) => [seq, type])).toEqual(events.map(({ seq, type }) => [seq, type]));
  expect(await node.engine.context(id)).toEqual({ a: 7 });
  await expectNothingLeft(node, keyPrefix);
}, 30_000);
