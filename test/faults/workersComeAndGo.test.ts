/** Workers start and stop all the while, as in deployments and autoscaling: nothing is lost, nothing runs twice, and nothing grows. */

import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { CALLER, eventsOf, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { completions, expectNothingLeft, expectWholeLog, keysUnder, nameOf } from "./checks.js";
import { compileWorker, type CompiledWorker } from "./compiledWorker.js";
import { elsewhere } from "./handlers.js";
import { Ledger, WorkerProcess } from "./workerProcesses.js";

const ROUNDS = 10;
/** Caches are full and code is compiled after these; growth counts from here on. */
const SETTLED_AFTER = 4;
const WORKFLOWS_PER_ROUND = 12;
const ITEMS = 20;
const LEASE_MS = 2_000;
/** What a process may come to hold meanwhile: far below what keeping the rounds' 72 workflows, or six workers, would take. */
const HEAP_SLACK_BYTES = 2_000_000;
const RSS_SLACK_BYTES = 24_000_000;

const keyPrefix = testPrefix();
let ledger: Ledger;
let compiled: CompiledWorker;
let node: FanwireNode;
const workers = new Set<WorkerProcess>();

beforeAll(async () => {
  ledger = await Ledger.create();
  compiled = await compileWorker();
  node = await startTestNode({ handlers: elsewhere("slow"), config: { keyPrefix, worker: false, leaseMs: LEASE_MS } });
});
afterAll(async () => {
  await Promise.all([...workers].map((worker) => worker.kill()));
  await node.stop();
  await ledger.remove();
  await compiled.remove();
});

async function startWorker(): Promise<WorkerProcess> {
  const worker = WorkerProcess.start({ script: compiled.path, redisUrl: process.env.FANWIRE_TEST_REDIS as string, keyPrefix, leaseMs: LEASE_MS, workerConcurrency: 20, ledger: ledger.path });
  workers.add(worker);
  await worker.ready;
  return worker;
}

const isBusy = ({ pid }: WorkerProcess): boolean => ledger.lines().reduce((open, line) => open + (line.pid !== pid ? 0 : line.what === "start" ? 1 : -1), 0) > 0;

/** In the midst of its work. */
async function stopWorker(worker: WorkerProcess): Promise<void> {
  await waitFor(() => isBusy(worker), { what: "the worker to have work in hand" });
  worker.signal("SIGTERM");
  await worker.ended;
  expect({ exitCode: worker.child.exitCode, complaints: worker.complaints }).toEqual({ exitCode: 0, complaints: "" });
  workers.delete(worker);
}

const xs = Array.from({ length: ITEMS }, (_, i) => i);
const definition = oneGroup(
  task("first", { handler: "slow", input: { value: "{{ n }}", ms: 30 } }),
  task("each", { handler: "slow", input: { value: "{{ x + first }}", ms: 60 }, expansion: expansion({ array: { x: "xs" }, maxParallel: 5 }) }),
  task("last", { handler: "slow", input: { value: "{{ $sum(each) }}", ms: 10 } }),
);

/** @returns the workflows' ids, once all have ended */
async function submitAndFollow(round: number): Promise<void> {
  const ids = await Promise.all(Array.from({ length: WORKFLOWS_PER_ROUND }, async (_, i) => (await node.engine.submitWorkflow(CALLER, { definition, context: { n: round * 100 + i, xs } })).workflowId as string));
  await Promise.all(ids.map(async (id, i) => {
    const events = await eventsOf(node, id);
    expectWholeLog(events);
    expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
    expect(completions(events)).toHaveLength(ITEMS + 3);
    const first = round * 100 + i;
    expect(await node.engine.context(id, ["last"])).toEqual({ last: xs.reduce((sum, x) => sum + x + first, 0) });
    // Whoever stopped finished what it had begun.
    const starts = events.flatMap((event) => (event.type === "TASK_STARTED" ? [nameOf(event)] : []));
    expect(starts).toHaveLength(new Set(starts).size);
    await node.engine.deleteWorkflow(CALLER, id);
  }));
}

interface Sizes { heap: number; rss: number; keys: string[] }
const collectGarbage = ((): (() => void) => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
})();
async function sizes(staying: WorkerProcess): Promise<Sizes> {
  collectGarbage();
  const rss = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${staying.pid}/status`, "utf8"))?.[1]) * 1024;
  // Of workers that are gone nothing is left when their registration has run out.
  const keys = await waitFor(async () => {
    const found = (await keysUnder(node.redis, keyPrefix)).filter((key) => !/:wk:|:wc:|:rq:/.test(key));
    return (await node.fleet.workers()).length === workers.size && found;
  }, { what: "the workers that stopped to be forgotten", timeoutMs: LEASE_MS * 10 });
  return { heap: process.memoryUsage().heapUsed, rss, keys: keys || [] };
}

test("ten workers start and ten stop in the midst of their work: every task runs once, and neither Redis nor a process grows", async () => {
  const staying = await startWorker();
  let going = await startWorker();
  let settled: Sizes | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const all = submitAndFollow(round);
    const [, coming] = await Promise.all([stopWorker(going), startWorker()]);
    await all;
    going = coming;
    if (round + 1 === SETTLED_AFTER) settled = await sizes(staying);
  }
  const { heap, rss, keys } = await sizes(staying);
  process.stdout.write(`workers come and go: the server's heap grew by ${heap - (settled?.heap ?? 0)} bytes, the staying worker's memory by ${rss - (settled?.rss ?? 0)}\n`);
  expect(keys).toEqual(settled?.keys);
  expect(heap - (settled?.heap ?? 0)).toBeLessThan(HEAP_SLACK_BYTES);
  expect(rss - (settled?.rss ?? 0)).toBeLessThan(RSS_SLACK_BYTES);
  await expectNothingLeft(node, keyPrefix);
}, 120_000);
