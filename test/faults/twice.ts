/** Asks scripts twice with the same arguments, as after a lost reply, and compares the keys. */

import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import type { Claim, Outcome, OutcomeCode, UnitRef } from "../../src/engine/ports.js";
import type { FanwireNode } from "../../src/main.js";
import { RedisStore } from "../../src/store/RedisStore.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { stopSoundly } from "../support/soundKeys.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { keyspace } from "./checks.js";
import { elsewhere } from "./handlers.js";
import { refOf, StoreClient } from "./storeClient.js";

export let node: FanwireNode;
export let client: StoreClient;
export let keyPrefix: string;

/** For the test file that calls it: a node without a worker for all its tests, and before each nothing that is open. */
export function useTwice(): void {
  beforeAll(async () => {
    keyPrefix = testPrefix();
    node = await startTestNode({ handlers: elsewhere("slow"), config: { keyPrefix, worker: false } });
  });
  beforeEach(() => { client = new StoreClient(node, "w1", keyPrefix, 60_000); });
  beforeEach(cleared);
  afterAll(async () => {
    await cleared();
    await stopSoundly(node);
  });
}

export const definition: WorkflowDefinition = oneGroup(
  task("a", { handler: "slow", input: 1 }),
  task("b", { handler: "slow", input: "{{ a }}" }),
);
export const fan: WorkflowDefinition = oneGroup(task("each", { handler: "slow", input: "{{ x }}", expansion: expansion({ array: { x: "xs" }, maxParallel: 8 }) }));

export async function submit(what: WorkflowDefinition): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: what, context: what === fan ? { xs: [] } : {} });
  expect(problems).toEqual([]);
  return workflowId as string;
}

/** Calls it twice and compares all keys between the calls; answers both replies. */
export async function twice<T>(call: () => Promise<T>): Promise<[T, T]> {
  const first = await call();
  const after = await keyspace(node.redis, keyPrefix);
  const second = await call();
  expect(await keyspace(node.redis, keyPrefix)).toEqual(after);
  return [first, second];
}

async function cleared(): Promise<void> {
  for (const { node: workflow } of (await node.engine.workflows(CALLER, { status: ["PENDING", "RUNNING", "PAUSED"] }, { first: 100 })).edges) {
    await node.engine.cancelWorkflow(CALLER, workflow.id);
  }
}

/** The workflow's first task, claimed. */
export async function claimed(what: WorkflowDefinition): Promise<{ id: string; claim: Claim; ref: UnitRef }> {
  const id = await submit(what);
  const claim = await client.claimOne();
  expect(claim.workflowId).toBe(id);
  return { id, claim, ref: refOf(claim) };
}

export function expandOutcome(ref: UnitRef, chunk: number): Outcome {
  const chunks = Array.from({ length: Math.ceil(8 / chunk) }, (_, c) => [`v${c}`, JSON.stringify(Array.from({ length: Math.min(chunk, 8 - c * chunk) }, (__, i) => [String(c * chunk + i), { x: 1 }]))]);
  return { kind: "expand", ref, total: 8, chunk, window: 8, tolerated: 8, failFast: true, lane: "slow~0", planLane: "$plan~0", variables: chunks.flat() };
}

/** A claimed range of four items; with `alone`, a claimed item that has left it. */
export async function claimedItems(alone: boolean): Promise<UnitRef> {
  const { ref } = await claimed(fan);
  await client.store.completeTasks(0, client.request(0), [expandOutcome(ref, 4)]);
  const range = refOf(await client.claimOne());
  if (!alone) return range;
  await client.store.completeTasks(0, client.request(0), [{ kind: "split", ref: range, lane: "slow~0" }]);
  const claims = await client.claim();
  return refOf(claims.find((claim) => /^\d+$/.test(claim.unit)) as Claim);
}

/** Sends an outcome twice in the same request. */
export async function send(outcome: Outcome, want = 0): Promise<[OutcomeCode, OutcomeCode]> {
  const request = client.request(want);
  const [first, second] = await twice(() => client.store.completeTasks(0, request, [outcome]));
  expect(second.claims).toEqual(first.claims);
  return [first.codes[0] as OutcomeCode, second.codes[0] as OutcomeCode];
}

export const error = '{"code":"X","message":"x","retryable":true}';
export const done = (ref: UnitRef, more: Partial<Extract<Outcome, { kind: "done" }>> = {}): Outcome => ({
  kind: "done", ref, status: "COMPLETED", failsWorkflow: false, cancelsRest: false, group: "0", route: "d1/1/0/slow~0/p", writes: ["a", "1"], ...more,
});
export const items = (ref: UnitRef, letter: "C" | "F" | "Y" | "W", text: string): Outcome => {
  const offset = ref.unit.startsWith("r") ? 0 : Number(ref.unit) % 4;
  return { kind: "items", ref, lane: "slow~0", planLane: "$plan~0", pieces: [{ letter, offset, count: letter === "Y" || letter === "W" ? 60_000 : 1, text }] };
};

/** A store whose every script call is sent twice with the same arguments, and whose keys are compared in between. */
export function repeating(): RedisStore {
  const redis = new Proxy(node.redis, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const method = (value as (...args: unknown[]) => Promise<unknown>).bind(target);
      if (name !== "eval") return name === "evalsha" ? () => Promise.reject(new Error("NOSCRIPT")) : method;
      return async (...args: unknown[]) => {
        const [first, second] = await twice(() => method(...args));
        expect(second).toEqual(first);
        return first;
      };
    },
  });
  return new RedisStore({ redis, keyPrefix, shards: 1, leaseMs: 60_000, retentionMs: 3_600_000 });
}
