/** An expansion of 100,000 items (or FANWIRE_WIDE_ITEMS): everything recorded, the lane short, others served meanwhile, pages at the cost of a page. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { TaskState } from "../../src/engine/snapshot.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { isTaskEnded } from "../../src/workflow/status.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { startTestRedis, type TestRedis } from "../support/redisServer.js";
import { expectSoundKeysAtRest } from "../support/soundKeys.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

const ITEMS = Number(process.env.FANWIRE_WIDE_ITEMS ?? 100_000);
const LONGEST_MS = 120_000 * Math.ceil(ITEMS / 100_000);
/** Ranges that the default window admits, and a little for those being handed out. */
const LONGEST_LANE = 30;

let redis: TestRedis;
let node: FanwireNode;
let wideId: string;
let memoryBefore: number;
/** Sampled all the while that the expansion runs. */
let longestLane = 0;
let sampling: ReturnType<typeof setInterval>;

const transform = (expression: string, data: JsonValue): { handler: string; input: JsonValue } => ({ handler: "transform", input: { expression, data } });
const numberIn = async (section: string, field: string): Promise<number> => Number(new RegExp(`${field}:(\\d+)`).exec(await node.redis.info(section))?.[1]);
const wideTask = async (): Promise<TaskState> => (await node.engine.workflowDetail(CALLER, wideId))?.tasks[0] as TaskState;

beforeAll(async () => {
  redis = await startTestRedis();
  // Room for two ranges of light items: what else the window admits has to wait in the lane.
  node = await startTestNode({ redisUrl: redis.url, config: { keyPrefix: "wide", workerConcurrency: 10 } });
  memoryBefore = await numberIn("memory", "used_memory");
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, {
    definition: oneGroup(
      task("wide", { ...transform("n", { n: "{{ n }}" }), expansion: expansion({ array: { n: `[0..${ITEMS - 1}]` } }) }),
      // A condition sees the whole output; the input of a handler would be limited to 1 MiB.
      task("sum", { when: `$sum(wide) = ${(ITEMS * (ITEMS - 1)) / 2}` }),
    ),
  });
  expect(problems).toEqual([]);
  wideId = workflowId as string;
  const lanes = ["wide:{s0}:q:transform", `wide:{s0}:q:transform%.${wideId}`];
  const sample = async (): Promise<void> => { longestLane = Math.max(longestLane, (await Promise.all(lanes.map((lane) => node.redis.llen(lane)))).reduce((sum, length) => sum + length, 0)); };
  sampling = setInterval(() => void sample().catch(() => undefined), 10);
});
afterAll(async () => {
  clearInterval(sampling);
  await node.stop();
  await redis.stop();
});

test("a small workflow submitted meanwhile finishes while the wide one runs", async () => {
  await waitFor(async () => ((await wideTask()).itemCounts?.completed ?? 0) > 0, { what: "the first items", timeoutMs: 60_000 });
  let slowestMs = 0;
  for (let i = 0; i < 5; i++) {
    const startedMs = performance.now();
    const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("small"), task("next", { input: "{{ small }}" })) });
    expect((await finished(node, workflowId as string)).status).toBe("COMPLETED");
    slowestMs = Math.max(slowestMs, performance.now() - startedMs);
  }
  expect(isTaskEnded((await wideTask()).status)).toBe(false);
  process.stdout.write(`wide: the slowest of five small workflows meanwhile took ${slowestMs.toFixed(0)} ms\n`);
}, LONGEST_MS);

test("every item is recorded once, in item order, the next task gets them all, and the lane stayed short", async () => {
  const done = await finished(node, wideId);
  expect(done.error).toBeUndefined();
  expect(done.status).toBe("COMPLETED");
  expect(done.counts).toMatchObject({ total: ITEMS + 1, completed: ITEMS + 1 });
  clearInterval(sampling);
  expect(longestLane).toBeGreaterThan(0);
  expect(longestLane).toBeLessThanOrEqual(LONGEST_LANE);
  const { wide } = await node.engine.context(wideId, ["wide"]);
  expect((wide as number[]).every((value, i) => value === i)).toBe(true);
  const perItem = ((await numberIn("memory", "used_memory")) - memoryBefore) / ITEMS;
  process.stdout.write(`wide: ${perItem.toFixed(0)} bytes of Redis memory per item, its number and result included; the lane held at most ${longestLane} ranges\n`);
}, LONGEST_MS);

test("a page in the middle costs a page, not the task", async () => {
  const state = await wideTask();
  const before = await numberIn("stats", "total_net_output_bytes");
  const page = await node.engine.items(state, {}, { first: 10, after: Buffer.from(`i${ITEMS / 2}`).toString("base64url") });
  const after = await numberIn("stats", "total_net_output_bytes");
  expect(page.edges.map((edge) => edge.node.result)).toEqual(Array.from({ length: 10 }, (_, i) => ITEMS / 2 + 1 + i));
  expect(page.totalCount).toBe(ITEMS);
  expect(after - before).toBeLessThan(64 * 1024);
});

test("what is left of all that is sound", () => expectSoundKeysAtRest(node.redis, "wide"), LONGEST_MS);

test("the whole log reads back without a hole, one start and one end per item", async () => {
  let seq = 0;
  const ends = new Uint8Array(ITEMS);
  for await (const event of node.events.subscribe(wideId)) {
    expect(event.seq).toBe(++seq);
    if (event.kind === "task" && event.type === "TASK_COMPLETED" && event.itemIndex !== undefined) ends[event.itemIndex] = (ends[event.itemIndex] as number) + 1;
  }
  expect(ends.every((count) => count === 1)).toBe(true);
}, LONGEST_MS);
