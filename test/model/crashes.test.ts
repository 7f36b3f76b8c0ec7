/** Arbitrary workflows on workers that are killed at random: what comes of them is what the reference says, and the keys are sound. */

import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { compileWorker, type CompiledWorker } from "../faults/compiledWorker.js";
import { elsewhere } from "../faults/handlers.js";
import { WorkerPool, type WorkerProcess } from "../faults/workerProcesses.js";
import { expectSoundKeys, expectSoundKeysAtRest } from "../support/soundKeys.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { workflowCase } from "./cases.js";
import { hastenWatches } from "./leftovers.js";
import { checkCase, modelOf } from "./runCase.js";

const RUNS = Number(process.env.FANWIRE_CRASH_RUNS ?? 150);
const AT_ONCE = 12;
const SEED = Number(process.env.FANWIRE_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const LONGEST_MS = Number(process.env.FANWIRE_MODEL_LONGEST_MS ?? 90_000);
const LEASE_MS = 600;
const WORKERS = 3;
/** A unit that loses its worker five times in a row is POISON, which the reference does not know. */
const MOST_KILLS = 4;

const keyPrefix = testPrefix();
let compiled: CompiledWorker;
let node: FanwireNode;
let pool: WorkerPool;

beforeAll(async () => {
  compiled = await compileWorker("test/model/processes/worker.ts", ["test/model/handlers.ts", "test/model/batches.ts"]);
  node = await startTestNode({ handlers: elsewhere("echo", "echoes"), config: { keyPrefix, worker: false, leaseMs: LEASE_MS } });
  pool = new WorkerPool({ script: compiled.path, redisUrl: process.env.FANWIRE_TEST_REDIS as string, keyPrefix, leaseMs: LEASE_MS, workerConcurrency: 8, ledger: "" }, WORKERS);
  await Promise.all([...pool.workers].map(({ ready }) => ready));
});
afterAll(async () => {
  await pool.stop();
  await node.stop();
  await compiled.remove();
});

/** Kills one worker after another, each after its time, while there is work. */
async function kill(plan: readonly { afterMs: number; which: number }[], isOver: () => boolean): Promise<void> {
  for (const { afterMs, which } of plan) {
    await delay(afterMs);
    const workers = [...pool.workers];
    const worker = workers[which % workers.length] as WorkerProcess;
    if (isOver()) return;
    await worker.ready.catch(() => undefined);
    await worker.kill();
  }
}

/** Attempts that started again because their worker was lost. */
function restarts(events: readonly WorkflowEvent[]): number {
  const starts = events.flatMap((event) => (event.type === "TASK_STARTED" ? [`${event.task} ${event.itemIndex} ${event.attempt}`] : []));
  return starts.length - new Set(starts).size;
}

test("statuses, results, context and errors are those of the reference, whichever workers die when", async () => {
  let ran = 0;
  let lost = 0;
  const kills = fc.array(fc.record({ afterMs: fc.nat(250), which: fc.nat(WORKERS - 1) }), { minLength: 1, maxLength: MOST_KILLS });
  await fc.assert(fc.asyncProperty(fc.array(workflowCase, { minLength: 1, maxLength: AT_ONCE, size: "max" }), kills, async (cases, plan) => {
    let over = false;
    const killing = kill(plan, () => over);
    const ends = await Promise.allSettled(cases.map(async (item) => {
      const model = await modelOf(item);
      if (!model) return;
      for (const id of await checkCase([node, node], keyPrefix, item, model, { losses: true, deadlineMs: 30_000 })) {
        lost += restarts((await node.events.readEvents(id, 100_000)).events);
        expect(await node.engine.deleteWorkflow(CALLER, id)).toEqual({ deleted: true, problems: [] });
      }
      ran++;
    }));
    over = true;
    await killing;
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    await expectSoundKeys(node.redis, keyPrefix);
  // The same seed kills at other moments, so that there is nothing to shrink.
  }), { numRuns: Math.ceil(RUNS / ((AT_ONCE + 1) / 2)), seed: SEED, interruptAfterTimeLimit: LONGEST_MS, endOnFailure: true });
  process.stdout.write(`model, crashes: ${ran} workflows, ${pool.deaths} workers killed, ${lost} attempts started again, seed ${SEED}\n`);
  expect(pool.deaths).toBeGreaterThan(2);
  expect(lost).toBeGreaterThan(0);
}, 600_000);

test("nothing that only served their running is left", async () => {
  await hastenWatches(node.redis, new Keys(shardPrefix(keyPrefix, 0)));
  await expectSoundKeysAtRest(node.redis, keyPrefix, { timeoutMs: 20_000 });
});
