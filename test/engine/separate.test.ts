/** SEPARATE is one object under its key: it grows while items end, it is whole for who depends on it, and no retry leaves anything behind in it. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { stopSoundly } from "../support/soundKeys.js";
import { CALLER, configOf, finished, startTestNode } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { becomes, start, taskBecomes } from "./control/support.js";

let node: FanwireNode;
const broken = new Set<string>();
const echo = {
  name: "echo", description: "Its input, unless that is broken.", builtIn: false,
  run: ({ input }: { input: unknown }) => { if (broken.has(String(input))) throw Object.assign(new Error("broken"), { code: "BROKEN", retryable: false }); return input as string; },
};
beforeAll(async () => { node = await startTestNode({ handlers: [echo] }); });
afterAll(() => stopSoundly(node));

test("it can be read while it grows, and dependents wait for all of it", async () => {
  const asks = task("asks", { handler: "approval", expansion: expansion({ array: { who: ["ann", "bo", "cy"] }, identifier: "{{ who }}", outputFormat: "SEPARATE", toleratedFailures: 1, onItemFailure: "NULL" }) });
  const id = await start(node, { definition: oneGroup(asks, task("all", { input: "{{ asks }}" })) });
  const waiting = (): Promise<unknown> => waitFor(async () => (await node.engine.workflowDetail(CALLER, id))?.counts.waiting === 3, { what: "the items" });
  await waiting();
  expect(await node.engine.context(id)).toEqual({});
  const answer = (who: string, outcome: "APPROVE" | "REJECT"): Promise<unknown> => node.engine.signalTask(CALLER, { workflowId: id, task: `g.asks[${who}]`, payload: who, outcome });
  await answer("cy", "APPROVE");
  expect(await node.engine.context(id)).toEqual({ asks: { cy: { outcome: "APPROVE", payload: "cy" } } });
  await answer("ann", "REJECT");
  expect(await node.engine.context(id, ["asks"])).toEqual({ asks: { ann: null, cy: { outcome: "APPROVE", payload: "cy" } } });
  expect(await node.engine.context(id, ["all"])).toEqual({});
  await taskBecomes(node, id, "g.all", "PENDING");
  await answer("bo", "APPROVE");
  await finished(node, id);
  expect(Object.keys((await node.engine.context(id)).asks as object)).toEqual(["ann", "bo", "cy"]);
});

test("what failed and is retried again and again stands in it once, and takes no more room each time", async () => {
  broken.add("b");
  const each = task("each", { handler: "echo", input: "{{ x }}", expansion: expansion({ array: { x: ["a", "b", "c"] }, identifier: "{{ x }}", outputFormat: "SEPARATE", failFast: false }) });
  const id = await start(node, { definition: oneGroup(each) });
  await becomes(node, id, "FAILED");
  expect(await node.engine.context(id)).toEqual({});
  const { keyPrefix } = configOf(node);
  const size = async (): Promise<number> => Object.values(await node.redis.hgetall(`${keyPrefix}:{s0}:i:${id}:0`)).reduce((sum, text) => sum + text.length, 0);
  const again = async (status: "FAILED" | "COMPLETED" = "FAILED"): Promise<void> => {
    expect((await node.engine.retryWorkflow(CALLER, id)).problems).toEqual([]);
    await becomes(node, id, status);
  };
  await again();
  const before = await size();
  for (let i = 0; i < 8; i++) await again();
  // Times and numbers of attempts may have a digit more.
  expect(await size()).toBeLessThan(before + 50);
  broken.clear();
  await again("COMPLETED");
  expect(await node.engine.context(id)).toEqual({ each: { a: "a", b: "b", c: "c" } });
  const { workflowId } = await node.engine.rerunWorkflow(CALLER, id);
  await finished(node, workflowId as string);
  expect(await node.engine.context(workflowId as string)).toEqual({ each: { a: "a", b: "b", c: "c" } });
});
