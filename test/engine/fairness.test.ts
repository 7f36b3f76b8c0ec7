/** A flood holds up nobody else: not other tenants, not other workflows, not other handlers. */

import { afterEach, expect, test } from "vitest";
import type { Caller } from "../../src/engine/Engine.js";
import type { Handler } from "../../src/engine/handlers.js";
import type { FanwireNode } from "../../src/main.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { expectSoundKeys } from "../support/soundKeys.js";
import { CALLER, startTestNode, testPrefix, type TestOptions } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

/** One in two claims would give the other its turn; that this many in a row do not is less likely than one in a million. */
const BOUND = 20;

/** Inputs in the order in which they started. */
let started: string[] = [];
let letGo: () => void = () => undefined;
let gate: Promise<void> = Promise.resolve();
/** Takes some time, so that a worker of one place is always behind. */
function noting(name: string): Handler {
  return { name, description: "Notes that it started.", builtIn: false, async run({ input }) { started.push(String(input)); await gate; } };
}

let node: FanwireNode;
let keyPrefix: string;
async function newDeployment(options: TestOptions = {}): Promise<void> {
  started = [];
  gate = new Promise((resolve) => { letGo = resolve; });
  keyPrefix = testPrefix();
  node = await startTestNode({ handlers: [noting("note"), noting("other")], ...options, config: { keyPrefix, workerConcurrency: 1, ...options.config } });
}
afterEach(async () => {
  letGo();
  await node.stop();
});

async function submit(tasks: TaskDefinition[], caller: Caller = CALLER): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(caller, { definition: oneGroup(...tasks) });
  expect(problems).toEqual([]);
  return workflowId as string;
}
const run = (input: string, parts: Partial<TaskDefinition> = {}): TaskDefinition => task(input.replace(/\W/g, "_"), { handler: "note", input, ...parts });
const begun = (input: string): Promise<unknown> => waitFor(() => started.includes(input), { what: `${input} to start`, timeoutMs: 20_000 });
/** How many others started before it, once the flood goes on. */
async function waitOf(input: string): Promise<number> {
  const before = started.length;
  letGo();
  await begun(input);
  return started.indexOf(input) - before;
}

test("a tenant's task waits for a few of another tenant's five hundred workflows", async () => {
  await newDeployment();
  await Promise.all(Array.from({ length: 500 }, (_, i) => submit([run(`flood${i}`)], { tenant: "flooder" })));
  await waitFor(() => started.length > 0, { what: "the flood to start" });
  await submit([run("small")], { tenant: "other tenant" });
  expect(await waitOf("small")).toBeLessThan(BOUND);
  await expectSoundKeys(node.redis, keyPrefix);
});

test("a small workflow waits for a few of the two thousand tasks that another one has ready", async () => {
  await newDeployment();
  await submit(Array.from({ length: 2_000 }, (_, i) => run(`flood${i}`)));
  await waitFor(() => started.length > 0, { what: "the flood to start" });
  await submit([run("small")]);
  expect(await waitOf("small")).toBeLessThan(BOUND);
});

test("a small workflow waits for few of the items that another one has ready, also when it admits all at once", async () => {
  await newDeployment();
  const items = expansion({ array: { x: "[1..3000]" }, maxParallel: 3_000 });
  await submit([run("flood", { expansion: items, input: "flood{{ x }}" })]);
  await waitFor(() => started.length > 0, { what: "the flood to start" });
  await submit([run("small")]);
  // Items are claimed by ranges, here of 100; those that were put into the common lane before there were many come first.
  expect(await waitOf("small")).toBeLessThan(300 + BOUND * 100);
}, 60_000);

test("of five workflows that flood each gets about its fifth", async () => {
  await newDeployment();
  await Promise.all([0, 1, 2, 3, 4].map((w) => submit(Array.from({ length: 400 }, (_, i) => run(`w${w} ${i}`)))));
  letGo();
  await waitFor(() => started.length >= 500, { what: "500 tasks to start", timeoutMs: 20_000 });
  for (const w of [0, 1, 2, 3, 4]) {
    const share = started.slice(0, 500).filter((input) => input.startsWith(`w${w} `)).length;
    expect(Math.abs(share - 100)).toBeLessThan(55);
  }
});

test.each([1, 2])("a handler's task waits for a few of those of another handler, with %i shards", async (shards) => {
  await newDeployment({ config: { shards } });
  await Promise.all(Array.from({ length: 500 }, (_, i) => submit([run(`flood${i}`)])));
  await waitFor(() => started.length > 0, { what: "the flood to start" });
  await submit([run("small", { handler: "other" })]);
  expect(await waitOf("small")).toBeLessThan(BOUND * shards * 2);
});

test("once the flood is over no lane of its own is left", async () => {
  await newDeployment({ config: { workerConcurrency: 100 } });
  letGo();
  const id = await submit(Array.from({ length: 500 }, (_, i) => run(`flood${i}`)), { tenant: "acme" });
  await waitFor(async () => (await node.engine.workflow({ tenant: "acme" }, id))?.status === "COMPLETED", { what: "the flood to end" });
  expect(started).toHaveLength(500);
  expect((await node.redis.keys(`${keyPrefix}:*`)).filter((key) => key.includes(":q:"))).toEqual([]);
});
