/** Workers that die at any moment: nothing is lost, nothing is recorded twice, and a task that kills its workers is found out. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { completions, expectNothingLeft, expectWholeLog } from "./checks.js";
import { compileWorker, type CompiledWorker } from "./compiledWorker.js";
import { elsewhere } from "./handlers.js";
import { Ledger, WorkerPool, type WorkerProcess } from "./workerProcesses.js";

const LEASE_MS = 800;
const WORKFLOWS = 24;
const ITEMS = 30;
const KILLS = 12;

let ledger: Ledger;
let compiled: CompiledWorker;
let node: FanwireNode;
let pool: WorkerPool | undefined;
const keyPrefix = testPrefix();
const redisUrl = process.env.FANWIRE_TEST_REDIS as string;

beforeAll(async () => {
  ledger = await Ledger.create();
  compiled = await compileWorker();
  node = await startTestNode({ handlers: elsewhere("slow", "deadly"), config: { keyPrefix, worker: false, leaseMs: LEASE_MS } });
});
afterEach(() => pool?.stop());
afterAll(async () => {
  await node.stop();
  await ledger.remove();
  await compiled.remove();
});

function startPool(size: number, workerConcurrency: number): WorkerPool {
  pool = new WorkerPool({ script: compiled.path, redisUrl, keyPrefix, leaseMs: LEASE_MS, workerConcurrency, ledger: ledger.path }, size);
  return pool;
}

const slowly = (value: string, ms: number): { handler: string; input: { value: string; ms: number } } => ({ handler: "slow", input: { value, ms } });

/** A chain beside a fan-out, and a task that needs both. */
const mixed: WorkflowDefinition = workflow([group("g", [
  task("a", slowly("{{ n }}", 60)),
  task("b", slowly("{{ a }}", 60)),
  task("c", slowly("{{ b }}", 60)),
  task("each", { ...slowly("{{ x }}", 90), expansion: expansion({ array: { x: "xs" }, maxParallel: 12 }) }),
  task("last", { handler: "slow", input: { value: ["{{ c }}", "{{ each }}"], ms: 10 } }),
])]);

/** Kills a worker that has work in hand, until enough died or nothing is left to do. */
async function killWorkers(workers: WorkerPool, isOver: () => boolean): Promise<number> {
  let kills = 0;
  while (kills < KILLS && !isOver()) {
    const busy = await waitFor(() => isOver() || busyWorker(workers), { what: "a worker with work in hand", timeoutMs: 20_000 });
    if (busy === true) break;
    await busy.kill();
    kills++;
  }
  return kills;
}

function busyWorker(workers: WorkerPool): WorkerProcess | undefined {
  const open = new Map<number, number>();
  for (const { pid, what } of ledger.lines()) {
    if (what !== "abort") open.set(pid, (open.get(pid) ?? 0) + (what === "start" ? 1 : -1));
  }
  return [...workers.workers].find((worker) => (open.get(worker.pid) ?? 0) > 0);
}

test("workers killed in the middle of chains and fan-outs lose nothing and record nothing twice", async () => {
  const xs = Array.from({ length: ITEMS }, (_, i) => `x${i}`);
  const ids = await Promise.all(Array.from({ length: WORKFLOWS }, async (_, n) => {
    const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: mixed, context: { n, xs } });
    return workflowId as string;
  }));
  const workers = startPool(3, 20);
  let over = false;
  const all = Promise.all(ids.map((id) => eventsOf(node, id))).finally(() => { over = true; });
  const kills = await killWorkers(workers, () => over);
  const logs = await all;
  expect(kills).toBeGreaterThanOrEqual(4);
  for (const [n, id] of ids.entries()) {
    const events = logs[n] as (typeof logs)[number];
    expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
    expectWholeLog(events);
    const completed = completions(events);
    expect(completed).toHaveLength(ITEMS + 5);
    expect(ledger.unfounded(id, completed.filter((event) => event.task !== "g.each" || event.itemIndex !== undefined))).toEqual([]);
    expect(await node.engine.context(id)).toEqual({ n, xs, a: n, b: n, c: n, each: xs, last: [n, xs] });
  }
  await expectNothingLeft(node, keyPrefix);
}, 60_000);

test("a task that kills its worker every time ends FAILED as POISON; in an expansion only the bad item does", async () => {
  const { workflowId: alone } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("bomb", { handler: "deadly", input: { value: 1, kills: true } })) });
  const xs = Array.from({ length: 40 }, (_, i) => i);
  const { workflowId: among, problems } = await node.engine.submitWorkflow(CALLER, {
    // Two items to a range: the good one beside the bad one must come out of it alive.
    definition: oneGroup(task("each", {
      handler: "deadly", input: { value: "{{ x }}", kills: "{{ x = 3 }}" },
      expansion: expansion({ array: { x: "xs" }, toleratedFailures: 1 }),
    })),
    context: { xs },
  });
  expect(problems).toEqual([]);
  startPool(2, 1);
  const [bomb, each] = await Promise.all([finished(node, alone as string), finished(node, among as string)]);
  expect(bomb).toMatchObject({ status: "FAILED", error: { code: "POISON", task: "g.bomb" } });
  expect(each.status).toBe("COMPLETED");
  expect(each.counts).toMatchObject({ total: 40, completed: 39, failed: 1 });
  expect(await node.engine.context(among as string)).toEqual({ xs, each: xs.filter((x) => x !== 3) });
  const items = await node.engine.items(each.tasks[0] as NonNullable<(typeof each.tasks)[0]>, { status: ["FAILED"] }, { first: 10 });
  expect(items.edges.map(({ node: item }) => [item.index, item.error?.code])).toEqual([[3, "POISON"]]);
  for (const id of [alone, among]) expectWholeLog(await eventsOf(node, id as string));
  await expectNothingLeft(node, keyPrefix);
}, 90_000);

test.each([2, 7])("it is POISON after as many lost workers as MAX_LOSSES says: %i", async (maxLosses) => {
  const own = testPrefix();
  const few = await startTestNode({ handlers: elsewhere("deadly"), config: { keyPrefix: own, worker: false, leaseMs: 300, maxLosses } });
  const workers = new WorkerPool({ script: compiled.path, redisUrl, keyPrefix: own, leaseMs: 300, workerConcurrency: 1, ledger: ledger.path }, 1);
  try {
    const each = task("each", { handler: "deadly", input: { value: "{{ x }}", kills: "{{ x = 0 }}" }, expansion: expansion({ array: { x: [0, 1, 2] }, toleratedFailures: 1 }) });
    const { workflowId } = await few.engine.submitWorkflow(CALLER, { definition: oneGroup(each) });
    await finished(few, workflowId as string);
    const lines = ledger.lines().filter((line) => line.workflowId === workflowId && line.task.startsWith("g.each[0]"));
    expect(lines).toHaveLength(maxLosses);
    expect(await few.engine.context(workflowId as string)).toEqual({ each: [1, 2] });
    const failed = (await eventsOf(few, workflowId as string)).flatMap((event) => (event.type === "TASK_FAILED" ? [event.error] : []));
    expect(failed).toMatchObject([{ code: "POISON", message: `g.each lost its worker ${maxLosses} times` }]);
    await expectNothingLeft(few, own);
  } finally {
    await workers.stop();
    await few.stop();
  }
}, 60_000);
