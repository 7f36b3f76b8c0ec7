/** Submissions that come together travel together, and none of them pays for another. */

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { Scripts } from "../../src/store/scripts.js";
import { compilePlan } from "../../src/workflow/compilePlan.js";
import { oneGroup, task } from "../support/builders.js";
import { startTestRedis } from "../support/redisServer.js";
import { expectSoundKeys } from "../support/soundKeys.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ config: { keyPrefix } }); });
afterAll(() => node.stop());

/** A definition that no other test submits. */
const definitionOf = (name: string): ReturnType<typeof oneGroup> => oneGroup(task(name, { input: "{{ n }}" }));

test("a hundred at once take a few calls, and each becomes its own workflow", async () => {
  const calls = vi.spyOn(Scripts.prototype, "call");
  const definition = definitionOf("many");
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => node.engine.submitWorkflow(CALLER, { definition, context: { n } })));
  const submitting = calls.mock.calls.filter(([name]) => name === "submitWorkflow").length;
  calls.mockRestore();
  expect(submitting).toBeLessThanOrEqual(4);
  const ids = answers.map(({ workflowId }) => workflowId as string);
  expect(new Set(ids).size).toBe(100);
  await Promise.all(ids.map((id) => finished(node, id)));
  expect(await Promise.all(ids.map(async (id) => (await node.engine.workflow(CALLER, id))?.status))).toEqual(ids.map(() => "COMPLETED"));
  expect(await Promise.all(ids.map((id) => node.engine.context(id)))).toEqual(ids.map((_, n) => expect.objectContaining({ n })));
  await expectSoundKeys(node.redis, keyPrefix);
});

test("a definition that Redis has lost is sent again, for those that need it", async () => {
  const definition = definitionOf("lost");
  const submit = (n: number): Promise<{ workflowId?: string }> => node.engine.submitWorkflow(CALLER, { definition, context: { n } });
  await finished(node, (await submit(0)).workflowId as string);
  await node.redis.del(`${keyPrefix}:{s0}:d:${compilePlan(definition).hash}`);
  const answers = await Promise.all([1, 2, 3].map(submit));
  for (const { workflowId } of answers) await finished(node, workflowId as string);
});

test("one that the store cannot take is refused alone", async () => {
  const [good, bad] = [definitionOf("good"), definitionOf("bad")];
  // A key of another type makes the script fail.
  await node.redis.set(`${keyPrefix}:{s0}:d:${compilePlan(bad).hash}`, "no hash");
  const answers = await Promise.allSettled([good, good, bad, good, good].map((definition, n) => node.engine.submitWorkflow(CALLER, { definition, context: { n } })));
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled"]);
  await node.redis.del(`${keyPrefix}:{s0}:d:${compilePlan(bad).hash}`);
  for (const answer of answers) if (answer.status === "fulfilled") await finished(node, answer.value.workflowId as string);
});

test("while Redis has no memory all that wait are refused, and afterwards they are taken", async () => {
  const redis = await startTestRedis();
  const own = await startTestNode({ config: { redisUrl: redis.url } });
  try {
    const definition = definitionOf("full");
    const submitAll = (): Promise<PromiseSettledResult<{ workflowId?: string }>[]> =>
      Promise.allSettled(Array.from({ length: 100 }, (_, n) => own.engine.submitWorkflow(CALLER, { definition, context: { n } })));
    // The tenant is known from here on; noting it is refused as well.
    await finished(own, (await own.engine.submitWorkflow(CALLER, { definition, context: { n: 0 } })).workflowId as string);
    await own.redis.config("SET", "maxmemory", "1");
    expect(await submitAll()).toEqual(Array.from({ length: 100 }, () => ({ status: "rejected", reason: expect.objectContaining({ code: "UNAVAILABLE" }) as unknown })));
    await own.redis.config("SET", "maxmemory", "0");
    expect((await own.engine.workflows(CALLER, {}, { first: 1 })).totalCount).toBe(1);
    for (const answer of await submitAll()) await finished(own, answer.status === "fulfilled" ? answer.value.workflowId as string : "refused");
  } finally {
    await own.stop();
    await redis.stop();
  }
});
