/** Redis comes back from a file that ends in the midst of a step: what is there is what some moment before was, and the work goes on from it. */

import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { startTestRedis, type TestRedis } from "../support/redisServer.js";
import { CALLER, eventsOf, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectNothingLeft, expectWholeLog } from "./checks.js";

let redis: TestRedis;
let node: FanwireNode;
let keyPrefix: string;

beforeEach(async () => {
  keyPrefix = testPrefix();
  redis = await startTestRedis({ aof: "always" });
  node = await startTestNode({ redisUrl: redis.url, config: { keyPrefix, leaseMs: 1_000 } });
});
afterEach(async () => {
  await node.stop(0);
  await redis.stop();
});

/** Cuts off the end of the file that writes go to now. */
function truncate(bytes: number): void {
  const folder = join(redis.directory, "appendonlydir");
  const file = join(folder, readdirSync(folder).filter((name) => name.endsWith(".incr.aof")).sort().at(-1) as string);
  truncateSync(file, statSync(file).size - bytes);
}

const definition = oneGroup(
  task("ask", { handler: "signal" }),
  task("each", { handler: "transform", input: { expression: "$ * 2", data: "{{ x }}" }, expansion: expansion({ array: { x: "[1..50]" } }) }),
  task("last", { handler: "transform", input: { expression: "$sum($)", data: "{{ each }}" }, after: ["ask"] }),
);

test.each([1, 40, 300, 2_000])("%i bytes are missing", async (bytes) => {
  const id = (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string;
  const ended = async (name: string): Promise<boolean> => (await node.engine.workflowDetail(CALLER, id))?.tasks.find(({ address }) => address === `g.${name}`)?.status === "COMPLETED";
  await waitFor(() => ended("each"), { what: "the items to end" });
  await redis.kill9();
  truncate(bytes);
  await redis.restart();
  await waitFor(async () => (await node.engine.signalTask(CALLER, { workflowId: id, task: "g.ask", outcome: "APPROVE", payload: null })).problems.length === 0, { what: "the signal to be taken", timeoutMs: 20_000 });
  const events = await eventsOf(node, id);
  expectWholeLog(events);
  expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
  expect(await node.engine.context(id, ["last"])).toEqual({ last: 2_550 });
  await expectNothingLeft(node, keyPrefix);
}, 40_000);
