/** What starts in the very millisecond of its submission has started, whatever becomes of it. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import { Keys, shardPrefix } from "../../../src/store/keys.js";
import { oneGroup, task } from "../../support/builders.js";
import { stopSoundly } from "../../support/soundKeys.js";
import { CALLER, configOf, startTestNode } from "../../support/testNode.js";
import { elsewhere } from "../../faults/handlers.js";
import { StoreClient } from "../../faults/storeClient.js";
import { codes, detailOf, start } from "./support.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: elsewhere("slow"), config: { worker: false } }); });
afterAll(() => stopSoundly(node));

test("an attempt that was cancelled then is not had a second time by retryWorkflow", async () => {
  const { keyPrefix } = configOf(node);
  const client = new StoreClient(node, "w1", keyPrefix, 60_000);
  const id = await start(node, { definition: oneGroup(task("a", { handler: "slow" })) });
  expect(await client.claimOne()).toMatchObject({ workflowId: id, attempt: 1 });
  // As if the claim had come in time: status attempt token losses ready started ...
  const key = new Keys(shardPrefix(keyPrefix, 0)).workflow(id);
  const record = (await node.redis.hget(key, "0")) as string;
  await node.redis.hset(key, "0", record.replace(/^(X 1 \d+ 0 \d+) \d+ /, "$1 0 "));
  expect(codes(await node.engine.cancelWorkflow(CALLER, id))).toEqual([]);
  const { tasks, submittedMs } = await detailOf(node, id);
  expect(tasks).toMatchObject([{ status: "CANCELLED", attempt: 1, startedMs: submittedMs }]);
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual([]);
  expect(await client.claimOne()).toMatchObject({ workflowId: id, attempt: 2 });
});
