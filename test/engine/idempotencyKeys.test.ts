/** The key that handlers get for the outside world: one per task or item, however often it has to be tried. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Handler } from "../../src/engine/handlers.js";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../support/builders.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

const keys: string[] = [];
let broken = true;
const paying: Handler = {
  name: "pay", description: "", builtIn: false,
  run({ attempt, idempotencyKey, input }) {
    keys.push(idempotencyKey);
    if (attempt < Number(input ?? 1)) throw new Error("try again");
    return null;
  },
};
const fragile: Handler = { name: "fragile", description: "", builtIn: false, run: ({ idempotencyKey }) => { keys.push(idempotencyKey); if (broken) throw new Error("broken"); return null; } };

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [paying, fragile] }); });
afterAll(() => node.stop());
beforeEach(() => {
  keys.length = 0;
  broken = true;
});

async function ended(definition: WorkflowDefinition): Promise<string> {
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition });
  await finished(node, workflowId as string);
  return workflowId as string;
}

async function retried(id: string): Promise<void> {
  keys.length = 0;
  broken = false;
  expect(await node.engine.retryWorkflow(CALLER, id)).toEqual({ problems: [] });
  await waitFor(async () => (await node.engine.workflowDetail(CALLER, id))?.status === "COMPLETED", { what: "the retried workflow to complete" });
}

/** Until everything has been done and undone once more. */
async function retriedInVain(id: string, calls: number): Promise<void> {
  keys.length = 0;
  expect(await node.engine.retryWorkflow(CALLER, id)).toEqual({ problems: [] });
  await waitFor(async () => keys.length >= calls && (await node.engine.workflowDetail(CALLER, id))?.status === "FAILED", { what: "the workflow to fail again" });
}

test("all attempts of a task have one key, and each item and each batch has its own", async () => {
  const twice = retry({ maxAttempts: 3, initialDelayMs: 1 });
  const id = await ended(oneGroup(
    task("one", { handler: "pay", input: 3, retry: twice }),
    task("each", { handler: "pay", input: 2, retry: twice, expansion: expansion({ array: { x: [7, 8] }, identifier: "{{ 'n' & x }}" }) }),
  ));
  expect([...keys].sort()).toEqual([...Array<string>(2).fill(`${id}/g.each[n7]`), ...Array<string>(2).fill(`${id}/g.each[n8]`), ...Array<string>(3).fill(`${id}/g.one`)]);
});

test("what failed and runs again by retryWorkflow keeps its key: it may have had its effect", async () => {
  const id = await ended(oneGroup(task("bad", { handler: "fragile" })));
  await retried(id);
  expect(keys).toEqual([`${id}/g.bad`]);
});

test("what had completed, was undone and is done anew by retryWorkflow has another key; what failed keeps its own", async () => {
  const id = await ended(oneGroup(
    task("paid", { handler: "pay", compensate: { handler: "pay" } }), task("told", { handler: "pay", after: ["paid"] }),
    task("bad", { handler: "fragile", after: ["told"], compensate: { handler: "log", input: 1 } }),
  ));
  expect([...keys].sort()).toEqual([`${id}/g.bad`, `${id}/g.paid`, `${id}/g.paid!compensate`, `${id}/g.told`]);
  await retriedInVain(id, 4);
  expect([...keys].sort()).toEqual([`${id}/g.bad`, `${id}/g.paid!compensate/1`, `${id}/g.paid/1`, `${id}/g.told/1`]);
  await retried(id);
  expect([...keys].sort()).toEqual([`${id}/g.bad`, `${id}/g.paid/2`, `${id}/g.told/2`]);
});

test("so have items, and tasks and compensations in instances of an expanded group", async () => {
  const both = expansion({ array: { x: [1, 2] } });
  const id = await ended(workflow([
    group("g", [task("each", { handler: "pay", expansion: both, compensate: { handler: "pay" } }), task("bad", { handler: "fragile", after: ["each", "trips.paid"] })]),
    group("trips", [task("paid", { handler: "pay", compensate: { handler: "pay" } })], { expansion: both }),
  ]));
  const first = [...keys];
  expect(new Set(first).size).toBe(9);
  await retriedInVain(id, first.length);
  expect(keys.filter((key) => first.includes(key))).toEqual([`${id}/g.bad`]);
  const second = [...keys];
  await retried(id);
  expect(keys.filter((key) => first.includes(key) || second.includes(key))).toEqual([`${id}/g.bad`]);
});

test("what had completed in an instance of a group that failed, and was undone there, has another key as well", async () => {
  const trips = group("trips", [
    task("paid", { handler: "pay", compensate: { handler: "log", input: 1 } }), task("bad", { handler: "fragile", after: ["paid"] }),
  ], { expansion: expansion({ array: { x: [1] } }) });
  const id = await ended(workflow([trips]));
  expect(keys).toContain(`${id}/trips[0].paid`);
  await retried(id);
  expect(keys).not.toContain(`${id}/trips[0].paid`);
});
