/** The number of workers and the limits on parallelism change when things run, never what comes of them. */

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { declaredGroups } from "../../src/workflow/declaredGroups.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject } from "../../src/workflow/json.js";
import { startTestNode, testPrefix } from "../support/testNode.js";
import { workflowCase, type Case } from "./cases.js";
import { echoesHandler } from "./batches.js";
import { echoHandler, SECRETS, SIDE_QUEUE } from "./handlers.js";
import { isDetermined } from "./policies.js";
import { contextAtEnd, modelOf, submit } from "./runCase.js";

const RUNS = Number(process.env.FANWIRE_MODEL_RUNS ?? 800) / 4;
const AT_ONCE = 4;
const SEED = Number(process.env.FANWIRE_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const LONGEST_MS = Number(process.env.FANWIRE_MODEL_LONGEST_MS ?? 180_000);

let alone: FanwireNode;
let together: FanwireNode[];
beforeAll(async () => {
  const start = (keyPrefix: string): Promise<FanwireNode> => startTestNode({ handlers: [echoHandler, echoesHandler], config: { keyPrefix, workerConcurrency: 5, secrets: SECRETS, workerQueues: ["default", SIDE_QUEUE] } });
  const [one, many] = [testPrefix(), testPrefix()];
  alone = await start(one);
  together = await Promise.all([start(many), start(many), start(many)]);
});
afterAll(() => Promise.all([alone, ...together].map((node) => node.stop())));

/** Each expanded task and group of the definition with one of these limits, or none. */
function withLimits(definition: WorkflowDefinition, limits: readonly (number | null)[]): WorkflowDefinition {
  const changed = structuredClone(definition);
  declaredGroups(changed).flatMap(({ group }) => [group, ...group.tasks]).forEach(({ expansion }, i) => {
    if (!expansion) return;
    const limit = limits[i % limits.length];
    if (limit == null) delete expansion.maxParallel;
    else expansion.maxParallel = limit;
  });
  return changed;
}

async function contextOf(node: FanwireNode, item: Case): Promise<JsonObject> {
  const { id, outsider } = await submit(node, item);
  const [context] = await Promise.all([contextAtEnd(node, id), outsider.follow()]);
  return context;
}

test("one worker and three, with any limits, give the same context", async () => {
  const limit = fc.option(fc.integer({ min: 1, max: 12 }));
  const varied = fc.record({ item: workflowCase.filter(({ definition }) => isDetermined(definition)), limits: fc.array(limit, { minLength: 1, maxLength: 4 }), more: fc.array(limit, { minLength: 1, maxLength: 4 }) });
  await fc.assert(fc.asyncProperty(fc.array(varied, { minLength: 1, maxLength: AT_ONCE, size: "max" }), async (cases) => {
    const ends = await Promise.allSettled(cases.map(async ({ item, limits, more }) => {
      if (!(await modelOf(item))) return;
      const [first] = together as [FanwireNode];
      const [one, three] = await Promise.all([
        contextOf(alone, { ...item, definition: withLimits(item.definition, limits) }),
        contextOf(first, { ...item, definition: withLimits(item.definition, more) }),
      ]);
      // Nobody waits for an external key that nobody reads.
      const isSure = (key: string): boolean => (Object.hasOwn(one, key) && Object.hasOwn(three, key)) || !item.definition.externalKeys?.includes(key);
      expect(Object.keys(three).filter(isSure).sort()).toEqual(Object.keys(one).filter(isSure).sort());
      for (const key of Object.keys(one).filter(isSure)) expect(JSON.stringify(three[key]), `context.${key}`).toBe(JSON.stringify(one[key]));
    }));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }), { numRuns: Math.ceil(RUNS / ((AT_ONCE + 1) / 2)), seed: SEED, interruptAfterTimeLimit: LONGEST_MS });
  process.stdout.write(`model, workers: seed ${SEED}\n`);
}, 600_000);
