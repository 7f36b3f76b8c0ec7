/** Any interleaving of the verbs over workflows and of their tasks' ends comes to what a small model says, and leaves sound keys. */

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import { expectSoundKeys, stopSoundly } from "../../support/soundKeys.js";
import { CALLER, configOf, startTestNode } from "../../support/testNode.js";
import { commands, type Model, type Real } from "./commands.js";
import { Gates } from "./gates.js";

const RUNS = Number(process.env.FANWIRE_CONTROL_RUNS ?? 120);
const SEED = Number(process.env.FANWIRE_CONTROL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const LONGEST_MS = Number(process.env.FANWIRE_CONTROL_LONGEST_MS ?? 120_000);

const gates = new Gates();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [gates.handler], config: { workerConcurrency: 50 } }); });
afterAll(() => stopSoundly(node));

test("submit, cancel, pause, resume, retry, signal, provide, delete and tasks' ends, in any order", async () => {
  let runs = 0;
  let done = 0;
  await fc.assert(fc.asyncProperty(commands, async (sequence) => {
    const model: Model = { workflows: [] };
    const real: Real = { node, gates, ids: [], run: `run ${runs++}` };
    try {
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await expectSoundKeys(node.redis, configOf(node).keyPrefix);
      done += model.workflows.length;
    } finally {
      for (const id of real.ids) {
        await node.engine.cancelWorkflow(CALLER, id);
        await node.engine.deleteWorkflow(CALLER, id);
      }
    }
  }), { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: LONGEST_MS, verbose: 1, ...(process.env.FANWIRE_CONTROL_PATH ? { path: process.env.FANWIRE_CONTROL_PATH } : {}) });
  process.stdout.write(`control: ${runs} runs over ${done} workflows with seed ${SEED}\n`);
  expect(done).toBeGreaterThan(Math.min(RUNS / 4, 30));
}, 600_000);
