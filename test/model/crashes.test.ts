/** Arbitrary workflows on worker processes that are killed at random: what comes of them is what the reference says, and the keys are sound. */

import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { compileWorker, type CompiledWorker } from "../faults/compiledWorker.js";
import { elsewhere } from "../faults/handlers.js";
import { WorkerPool, type WorkerProcess } from "../faults/workerProcesses.js";
import { seededRandom } from "../support/seededRandom.js";
import { expectSoundKeys, expectSoundKeysAtRest } from "../support/soundKeys.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { workflowCase, type Case } from "./cases.js";
import { hastenWatches } from "./leftovers.js";
import { checkCase, modelOf } from "./runCase.js";

const RUNS = Number(process.env.FANWIRE_CRASH_RUNS ?? 2_100);
/** Some definitions have no answer in the reference. Of another number, as long as the time allows, a few dozen are proof enough that it ran. */
const LEAST = process.env.FANWIRE_CRASH_RUNS === undefined ? 2_000 : Math.min(RUNS / 2, 50);
/** So many workflows are under way at once, so that those whose worker was lost do not hold up the others until the lease ends. */
const AT_ONCE = 40;
const SEED = Number(process.env.FANWIRE_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** For the slowest of them: every loss that it meets costs it a lease, and all wait for each other. */
const DEADLINE_MS = 120_000;
const LONGEST_MS = Number(process.env.FANWIRE_MODEL_LONGEST_MS ?? 300_000);
const LEASE_MS = 600;
const WORKERS = 3;
const KILL_WITHIN_MS = 6_000;
/** Workers die for as long as there are workflows, and bad luck is no POISON, which the reference does not know. */
const MAX_LOSSES = 1_000;
/** After so many workflows the keys are looked at. */
const LOOK_EVERY = 100;

const keyPrefix = testPrefix();
let compiled: CompiledWorker;
let node: FanwireNode;
let pool: WorkerPool;

beforeAll(async () => {
  compiled = await compileWorker("test/model/processes/worker.ts", ["test/model/handlers.ts", "test/model/batches.ts"]);
  node = await startTestNode({ handlers: elsewhere("echo", "echoes"), config: { keyPrefix, worker: false, leaseMs: LEASE_MS, maxLosses: MAX_LOSSES } });
  pool = new WorkerPool({ script: compiled.path, redisUrl: process.env.FANWIRE_TEST_REDIS as string, keyPrefix, leaseMs: LEASE_MS, workerConcurrency: 8, ledger: "" }, WORKERS);
  await Promise.all([...pool.workers].map(({ ready }) => ready));
});
afterAll(async () => {
  await pool.stop();
  await node.stop();
  await compiled.remove();
});

/** Kills one worker after another, each after its time, until it is told to stop. */
async function killWorkers(signal: AbortSignal): Promise<void> {
  const random = seededRandom(SEED);
  for (;;) {
    await delay(random(KILL_WITHIN_MS), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const worker = [...pool.workers][random(WORKERS) % pool.workers.size] as WorkerProcess;
    await worker.ready.catch(() => undefined);
    await worker.kill();
  }
}

/** Attempts that started again because their worker was lost. */
function restarts(events: readonly WorkflowEvent[]): number {
  const starts = events.flatMap((event) => (event.type === "TASK_STARTED" ? [`${event.task} ${event.itemIndex} ${event.attempt}`] : []));
  return starts.length - new Set(starts).size;
}

class Runs {
  ran = 0;
  lost = 0;
  slowestMs = 0;
  readonly #over = new AbortController();
  #looking: Promise<void> = Promise.resolve();

  /** One workflow after another, until a lane fails or the time is over. */
  async lane(lane: number): Promise<void> {
    try {
      await fc.assert(fc.asyncProperty(workflowCase, (item) => this.#run(item)), {
        numRuns: Math.ceil(RUNS / AT_ONCE), seed: SEED + lane, interruptAfterTimeLimit: LONGEST_MS,
        // The same seed kills at other moments, so that there is nothing to shrink.
        endOnFailure: true,
      });
    } catch (error) {
      this.#over.abort();
      throw error;
    }
  }

  async #run(item: Case): Promise<void> {
    const model = this.#over.signal.aborted ? undefined : await modelOf(item);
    if (!model) return;
    const startedMs = Date.now();
    const ids = await checkCase([node, node], keyPrefix, item, model, { losses: true, deadlineMs: DEADLINE_MS });
    this.slowestMs = Math.max(this.slowestMs, Date.now() - startedMs);
    for (const id of ids) {
      this.lost += restarts((await node.events.readEvents(id, 100_000)).events);
      expect(await node.engine.deleteWorkflow(CALLER, id)).toEqual({ deleted: true, problems: [] });
    }
    if (++this.ran % LOOK_EVERY === 0) await this.#look();
  }

  #look(): Promise<void> {
    this.#looking = this.#looking.then(() => expectSoundKeys(node.redis, keyPrefix));
    return this.#looking;
  }
}

test("statuses, results, context and errors are those of the reference, whichever workers die when", async () => {
  const runs = new Runs();
  const startedMs = Date.now();
  const killing = new AbortController();
  const killed = killWorkers(killing.signal);
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, (_, lane) => runs.lane(lane)));
  killing.abort();
  await killed;
  process.stdout.write(`model, crashes: ${runs.ran} workflows, ${pool.deaths} workers killed, ${runs.lost} attempts started again, the slowest took ${runs.slowestMs} ms, seed ${SEED}, in ${Date.now() - startedMs} ms\n`);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  expect(pool.deaths).toBeGreaterThan(2);
  expect(runs.lost).toBeGreaterThan(0);
  expect(runs.ran).toBeGreaterThanOrEqual(LEAST);
}, 600_000);

test("nothing that only served their running is left", async () => {
  await hastenWatches(node.redis, new Keys(shardPrefix(keyPrefix, 0)));
  await expectSoundKeysAtRest(node.redis, keyPrefix, { timeoutMs: 20_000 });
});
