/** A worker that is told to stop while a claim is on its way to it: what it claimed is run, or handed back, and never left to its lease. */

import { afterEach, beforeEach, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { slow } from "../faults/handlers.js";
import { expectNothingLeft } from "../faults/checks.js";
import { oneGroup, task } from "../support/builders.js";
import { startTcpProxy, type TcpProxy } from "../support/tcpProxy.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

let proxy: TcpProxy;
let server: FanwireNode;
let working: FanwireNode;
let keyPrefix: string;

beforeEach(async () => {
  keyPrefix = testPrefix();
  proxy = await startTcpProxy({ port: Number(new URL(process.env.FANWIRE_TEST_REDIS as string).port) });
  server = await startTestNode({ handlers: [slow], config: { keyPrefix, worker: false } });
  working = await startTestNode({ redisUrl: proxy.url, handlers: [slow], config: { keyPrefix } });
});
afterEach(async () => {
  await working.stop(0);
  await server.stop();
  await proxy.stop();
});

/** Stops the worker when Redis has given it the task, and the answer that says so has not come yet; answers the task's status then. */
async function stopWhileClaiming(graceMs: number): Promise<string | undefined> {
  proxy.delayMs = 250;
  const { workflowId } = await server.engine.submitWorkflow(CALLER, { definition: oneGroup(task("a", { handler: "slow", input: { value: 1, ms: 100 } })) });
  const status = async (): Promise<string | undefined> => (await server.engine.workflowDetail(CALLER, workflowId as string))?.tasks[0]?.status;
  await waitFor(async () => (await status()) === "RUNNING", { what: "the task to be claimed", intervalMs: 5 });
  await working.worker?.stop(graceMs);
  return status();
}

test("it is run while there is time", async () => {
  expect(await stopWhileClaiming(10_000)).toBe("COMPLETED");
  await expectNothingLeft(server, keyPrefix);
});

test("it is handed back when there is none", async () => {
  expect(await stopWhileClaiming(0)).toBe("READY");
});
