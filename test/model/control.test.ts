/** Pauses, cancellations and retries at any moment leave arbitrary workflows where the reference says that they come to without. */

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { isWorkflowEnded, type WorkflowStatus } from "../../src/workflow/status.js";
import { expectSoundKeys, expectSoundKeysAtRest } from "../support/soundKeys.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { echoesHandler } from "./batches.js";
import { workflowCases, type Case } from "./cases.js";
import { echoHandler, SECRETS, SIDE_QUEUE } from "./handlers.js";
import { withoutAttempts, type ModelOutcome } from "./referenceModel.js";
import { checkEnded, logOf, modelOf, submit, type Submitted } from "./runCase.js";
import { steadyCase } from "./steady.js";

const RUNS = Number(process.env.FANWIRE_CONTROL_MODEL_RUNS ?? 300);
const AT_ONCE = 6;
const SEED = Number(process.env.FANWIRE_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const LONGEST_MS = Number(process.env.FANWIRE_MODEL_LONGEST_MS ?? 90_000);
const LEASE_MS = 2_000;

type Verb = "PAUSE" | "CANCEL";
/** A verb comes when the log has so many events more than at the one before. */
interface Step { verb: Verb; afterEvents: number }
const steps: fc.Arbitrary<Step[]> = fc.array(fc.record({ verb: fc.constantFrom<Verb>("PAUSE", "CANCEL", "CANCEL"), afterEvents: fc.nat(15) }), { minLength: 1, maxLength: 4 });
const disturbed = fc.record({ item: workflowCases({ expandedGroups: 0.5, subWorkflows: 0.2 }).map(steadyCase), steps, retries: fc.nat(1) });

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [echoHandler, echoesHandler], config: { keyPrefix, leaseMs: LEASE_MS, secrets: SECRETS, workerQueues: ["default", SIDE_QUEUE] } }); });
afterAll(() => node.stop());

async function statusOf(id: string): Promise<WorkflowStatus> {
  return (await node.engine.workflow(CALLER, id))?.status as WorkflowStatus;
}

async function ended(id: string): Promise<WorkflowStatus> {
  await waitFor(async () => isWorkflowEnded(await statusOf(id)), { what: `${id} to end`, intervalMs: 2, timeoutMs: 20_000 });
  return statusOf(id);
}

/** Of a workflow that has ended meanwhile nothing is refused without saying so. @returns whether it was done */
async function does(change: Promise<{ problems: readonly { code: string }[] }>): Promise<boolean> {
  const { problems } = await change;
  for (const { code } of problems) expect(code).toBe("ALREADY_ENDED");
  return problems.length === 0;
}

/** Opens it again, for those outside as well. */
async function retry({ id, outsider }: Submitted, following: Promise<void>[]): Promise<void> {
  expect((await node.engine.retryWorkflow(CALLER, id)).problems).toEqual([]);
  following.push(outsider.follow());
}

/** @returns whether the workflow was disturbed */
async function disturb(submitted: Submitted, following: Promise<void>[], { verb, afterEvents }: Step, from: number): Promise<boolean> {
  const { id } = submitted;
  await waitFor(async () => (await logOf(node, id)).length >= from + afterEvents || isWorkflowEnded(await statusOf(id)), { what: `${afterEvents} events of ${id}`, intervalMs: 1 });
  if (verb === "PAUSE") return (await does(node.engine.pauseWorkflow(CALLER, id))) && does(node.engine.resumeWorkflow(CALLER, id));
  if (!(await does(node.engine.cancelWorkflow(CALLER, id)))) return false;
  if ((await ended(id)) === "COMPLETED") return false;
  await retry(submitted, following);
  return true;
}

interface Disturbed { item: Case; steps: Step[]; retries: number }

/** All workflows that there are, sub-workflows too. */
async function removeAll(): Promise<void> {
  const { edges, hasNextPage } = await node.engine.workflows(CALLER, {}, { first: 1_000 });
  expect(hasNextPage).toBe(false);
  const ids = edges.map((edge) => edge.node.id);
  await Promise.all(ids.map((id) => node.engine.cancelWorkflow(CALLER, id)));
  await Promise.all(ids.map(ended));
  for (const deleted of await Promise.all(ids.map((id) => node.engine.deleteWorkflow(CALLER, id)))) expect(deleted).toEqual({ deleted: true, problems: [] });
}

/** @returns how often it was disturbed */
async function run({ item, steps, retries }: Disturbed, model: ModelOutcome): Promise<number> {
  const submitted = await submit(node, item);
  const { id } = submitted;
  const following = [submitted.outsider.follow()];
  let disturbances = 0;
  for (const step of steps) if (await disturb(submitted, following, step, (await logOf(node, id)).length)) disturbances++;
  for (let again = 0; again < retries && (await ended(id)) !== "COMPLETED"; again++) {
    await retry(submitted, following);
    disturbances++;
  }
  await ended(id);
  await Promise.all(following);
  await checkEnded(node, keyPrefix, submitted, item, withoutAttempts(model), { retried: true });
  return disturbances;
}

test("paused, cancelled and retried at any moment, a workflow comes to what it would have come to", async () => {
  let ran = 0;
  let times = 0;
  await fc.assert(fc.asyncProperty(fc.array(disturbed, { minLength: 1, maxLength: AT_ONCE, size: "max" }), async (cases) => {
    try {
      const ends = await Promise.allSettled(cases.map(async (one) => {
        const model = await modelOf(one.item);
        if (!model) return;
        times += await run(one, model);
        ran++;
      }));
      for (const end of ends) if (end.status === "rejected") throw end.reason;
      await expectSoundKeys(node.redis, keyPrefix);
    } finally {
      // What failed is not to be found once more.
      await removeAll();
    }
  }), { numRuns: Math.ceil(RUNS / ((AT_ONCE + 1) / 2)), seed: SEED, interruptAfterTimeLimit: LONGEST_MS, ...(process.env.FANWIRE_MODEL_PATH ? { path: process.env.FANWIRE_MODEL_PATH } : {}) });
  process.stdout.write(`model, control: ${ran} workflows disturbed ${times} times with seed ${SEED}\n`);
  expect(times).toBeGreaterThan(Math.min(RUNS / 4, 30));
}, 600_000);

test("nothing that only served their running is left", () => expectSoundKeysAtRest(node.redis, keyPrefix, { timeoutMs: 5 * LEASE_MS }));
