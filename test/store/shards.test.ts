/** One worker serves all shards, and a busy shard does not keep the others waiting. */

import { expect, onTestFinished, test } from "vitest";
import { oneGroup, task } from "../support/builders.js";
import { CALLER, eventsOf, startTestNode } from "../support/testNode.js";
import { slow } from "../faults/handlers.js";
import { shardOf } from "../../src/store/keys.js";

const SHARDS = 4;

test.each([1, 2, 8])("with room for %i calls every shard gets its turn from the start", async (workerConcurrency) => {
  const node = await startTestNode({ handlers: [slow], config: { shards: SHARDS, workerConcurrency } });
  onTestFinished(() => node.stop(0));
  const definition = oneGroup(task("a", { handler: "slow", input: { value: 1, ms: 10 } }), task("b", { handler: "slow", input: { value: 1, ms: 10 } }));
  const ids = await Promise.all(Array.from({ length: 60 }, async () => (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string));
  const starts = (await Promise.all(ids.map((id) => eventsOf(node, id)))).flat().filter((event) => event.type === "TASK_STARTED");
  expect(starts).toHaveLength(ids.length * 2);
  const firstQuarter = starts.sort((a, b) => a.atMs - b.atMs).slice(0, starts.length / 4).map((event) => shardOf(event.workflowId));
  expect(new Set(firstQuarter).size).toBe(SHARDS);
});
