/** Arbitrary workflows on two nodes over one Redis: everything that can be read of them is what the reference says. */

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { expectSoundKeys, expectSoundKeysAtRest } from "../support/soundKeys.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { workflowCase } from "./cases.js";
import { echoesHandler } from "./batches.js";
import { echoHandler, SECRETS, SIDE_QUEUE } from "./handlers.js";
import { coordinationLeft, hastenWatches } from "./leftovers.js";
import { checkCase, modelOf } from "./runCase.js";

/** How many workflows, about; they run in handfuls, so that they also compete with each other. */
const RUNS = Number(process.env.FANWIRE_MODEL_RUNS ?? 500);
const AT_ONCE = 8;
/** Shrinking a workflow that hangs takes long; after this the smallest so far must do. */
const LONGEST_MS = Number(process.env.FANWIRE_MODEL_LONGEST_MS ?? 180_000);
const SEED = Number(process.env.FANWIRE_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Of the claims of cancelled items: they are only given up when their lease ends. */
const LEASE_MS = 5_000;
/** More than a handful needs, so that all of it is looked at, and not again with every handful. */
const FEED_LENGTH = 2_000;

const keyPrefix = testPrefix();
let nodes: [FanwireNode, FanwireNode];
beforeAll(async () => {
  const options = { handlers: [echoHandler, echoesHandler], config: { keyPrefix, leaseMs: LEASE_MS, secrets: SECRETS, feedLength: FEED_LENGTH, workerQueues: ["default", SIDE_QUEUE] } };
  nodes = [await startTestNode(options), await startTestNode(options)];
});
afterAll(() => Promise.all(nodes.map((node) => node.stop())));

test("statuses, results, context, errors and log of any workflow are those of the sequential reference", async () => {
  let ran = 0;
  const startedMs = Date.now();
  await fc.assert(fc.asyncProperty(fc.array(workflowCase, { minLength: 1, maxLength: AT_ONCE, size: "max" }), async (cases) => {
    const ids: string[] = [];
    const ends = await Promise.allSettled(cases.map(async (item, at) => {
      const model = await modelOf(item);
      if (!model) return;
      const [first, second] = nodes;
      ids.push(...(await checkCase(at % 2 === 0 ? [first, second] : [second, first], keyPrefix, item, model)));
      ran++;
    }));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    // Not at rest yet: claims of cancelled items last as long as their leases.
    await expectSoundKeys(nodes[0].redis, keyPrefix);
    // So that looking at all keys stays quick.
    const deleted = await Promise.all(ids.map((id) => nodes[0].engine.deleteWorkflow(CALLER, id)));
    expect(deleted).toEqual(ids.map(() => ({ deleted: true, problems: [] })));
  }), { numRuns: Math.ceil(RUNS / ((AT_ONCE + 1) / 2)), seed: SEED, interruptAfterTimeLimit: LONGEST_MS, ...(process.env.FANWIRE_MODEL_PATH ? { path: process.env.FANWIRE_MODEL_PATH } : {}) });
  process.stdout.write(`model: ${ran} workflows with seed ${SEED} in ${Date.now() - startedMs} ms\n`);
  // When the time was over first, a few dozen are proof enough that it ran.
  expect(ran).toBeGreaterThan(Math.min(RUNS / 2, 50));
}, 600_000);

test("nothing that only served their running is left in Redis", async () => {
  const keys = new Keys(shardPrefix(keyPrefix, 0));
  await hastenWatches(nodes[0].redis, keys);
  await waitFor(async () => {
    const left = await coordinationLeft(nodes[0].redis, keys);
    if (left.length > 0) throw new Error(`left: ${left.slice(0, 20).join(", ")}`);
    return true;
  }, { what: "the last timers and leases to end", timeoutMs: 4 * LEASE_MS });
  await expectSoundKeysAtRest(nodes[0].redis, keyPrefix);
});
