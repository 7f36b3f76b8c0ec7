/** The check of the keys finds nothing in an expanded group that runs, and each thing that is put wrong in it by hand. */

import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { FindingCode } from "../../src/store/fsck/findings.js";
import { fsck } from "../../src/store/fsck/fsck.js";
import { RedisReads } from "../../src/store/fsck/reads.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { expansion, group, oneGroup, task, workflow } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { keysUnder } from "../faults/checks.js";
import { waitFor } from "../support/waitFor.js";

const keyPrefix = testPrefix();
const keys = new Keys(shardPrefix(keyPrefix, 0));
const ids = { groups: "", plain: "" };
let redis: Redis;
let saved: [string, Buffer, number][];

/** What is longer than the test, but in the instances that are to end. */
const waitsUnless = (condition: string): { handler: string; input: { duration: string } } => ({ handler: "delay", input: { duration: `{{ ${condition} ? '0ms' : '1h' }}` } });

/**
 * Five instances of g, two at once: the first has ended, the next two wait, and so does the second instance of the group in each.
 * Nodes: 0 g, 1 gate, 2 each, 3 later, 4 deep, 5 leaf.
 */
const groups = workflow([group("g", [
  task("gate", waitsUnless("n = 1")), task("each", { ...waitsUnless("n = 1 or x < 3"), expansion: expansion({ array: { x: "[1..4]" } }) }), task("later", { input: "{{ [gate, each] }}" }),
], { expansion: expansion({ array: { n: "[1..5]" }, maxParallel: 2 }), groups: [group("deep", [task("leaf", waitsUnless("n = 1 or m = 1"))], { expansion: expansion({ array: { m: [1, 2] } }) })] })]);

async function save(): Promise<typeof saved> {
  return Promise.all((await keysUnder(redis, keyPrefix)).map(async (key): Promise<[string, Buffer, number]> => [key, await redis.dumpBuffer(key), Math.max(0, await redis.pttl(key))]));
}

beforeAll(async () => {
  redis = new Redis(process.env.FANWIRE_TEST_REDIS as string);
  const node = await startTestNode({ config: { keyPrefix } });
  const submit = async (definition: typeof groups): Promise<string> => (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string;
  ids.plain = await submit(oneGroup(task("a")));
  await finished(node, ids.plain);
  ids.groups = await submit(groups);
  await waitFor(async () => (await redis.hget(w(), "n"))?.startsWith("32 10 0 0 8 14 ") ?? undefined, { what: "all that can end to have ended" });
  await node.stop();
  saved = await save();
});
beforeEach(async () => {
  await redis.del(...(await keysUnder(redis, keyPrefix)));
  for (const [key, content, ttl] of saved) await redis.restore(key, ttl, content);
});
afterAll(() => redis.quit());

const w = (): string => keys.workflow(ids.groups);
const v = (): string => keys.instances(ids.groups);
async function codes(): Promise<FindingCode[]> {
  return [...new Set((await fsck(new RedisReads(redis), keyPrefix, 1)).map(({ code }) => code))];
}
/** Replaces a part of a field's text, which must be there. */
async function edit(key: string, field: string, from: RegExp, to: string): Promise<void> {
  const text = (await redis.hget(key, field)) as string;
  expect(text).toMatch(from);
  await redis.hset(key, field, text.replace(from, to));
}
/** Takes away whatever the workflow holds of an instance that runs. */
async function forget(path: string): Promise<void> {
  const fields = (await redis.hkeys(w())).filter((field) => field.split(":", 1)[0]?.endsWith(`@${path}`));
  expect(fields.length).toBeGreaterThan(0);
  await redis.hdel(w(), ...fields);
}

test("nothing is found while instances run, have ended and are still to start", async () => {
  expect(await fsck(new RedisReads(redis), keyPrefix, 1)).toEqual([]);
  const fields = await redis.hkeys(w());
  expect(fields.filter((field) => /^g\d+@/.test(field)).sort()).toEqual(["g0@0.1", "g0@0.2", "g1@0.1.4.1", "g1@0.2.4.1"]);
  expect((await redis.hkeys(keys.items(ids.groups, 0))).filter((field) => field.startsWith("t"))).toEqual(["t0"]);
});

test.each<[FindingCode, string, () => Promise<unknown>]>([
  ["KEY_ORPHAN", "contexts of instances of a workflow that has none", () => redis.hset(keys.instances(ids.plain), "0.1/a", "1")],
  ["INSTANCE_WRONG", "a value of an instance that has not begun", () => redis.hset(v(), "0.4/gate", "null")],
  ["INSTANCE_WRONG", "a value of an inner instance that has not begun", () => redis.hset(v(), "0.1.4.7/leaf", "null")],
  ["INSTANCE_WRONG", "a value of an instance of something else", () => redis.hset(v(), "1.0/gate", "null")],
  ["INSTANCE_WRONG", "a value that is of no instance", () => redis.hset(v(), "gate", "null")],
  ["INSTANCE_WRONG", "a value that no task of the group writes", () => redis.hset(v(), "0.1/nobody", "null")],
  ["INSTANCE_WRONG", "a view over the items of another task", () => edit(v(), "0.0/each", /^@2$/, "@5")],
  ["INSTANCE_WRONG", "a completed task of an ended instance without its value", () => redis.hdel(v(), "0.0/gate")],
  ["INSTANCE_WRONG", "a completed task of an inner instance without its value", () => redis.hdel(v(), "0.1.4.0/leaf")],
  ["INSTANCE_WRONG", "a completed task of an instance that runs without its value", () => edit(w(), "1@0.1", /^W/, "C")],
  ["FIELD_LEFT", "a task of an instance that has ended", () => redis.hset(w(), "1@0.0", "C 1 1 0 0 0 0 - p 0")],
  ["FIELD_LEFT", "an error of an instance that has not begun", () => redis.hset(w(), "z@0.4", "1 {}")],
  ["COUNTS_WRONG", "a count of ended instances", () => edit(w(), "n0", /^\d+/, "99")],
  ["COUNTS_WRONG", "a packed task that ended otherwise", () => edit(keys.items(ids.groups, 0), "t0", /1 C /, "1 F ")],
  ["COUNTS_WRONG", "a count of ended instances in an instance", () => redis.hdel(w(), "n4@0.1")],
  ["COUNTS_WRONG", "tasks that an instance is said to have", () => redis.hset(w(), "m0", "9")],
  ["LEFT_WRONG", "an instance's count of open tasks", () => redis.hset(w(), "g0@0.1", "1 0 1")],
  ["LEFT_WRONG", "an inner instance's count of open tasks", () => redis.hset(w(), "g1@0.1.4.1", "2 0 1")],
  ["STATUS_WRONG", "an instance whose tasks have ended", () => edit(w(), "5@0.1.4.1", /^W/, "C")],
  ["TASK_STUCK", "a dependency inside that ended and released nobody", async () => {
    await edit(w(), "1@0.1", /^W/, "C");
    await edit(w(), "2@0.1", /^E/, "C");
  }],
  ["TASK_STUCK", "a group that neither runs instances nor starts them", async () => {
    await forget("0.1.4.1");
    await edit(w(), "x4@0.1", /^.*$/, "2 20 2 0 0 0 0 2 0 0 1 100");
    await redis.hset(keys.items(ids.groups, 4), "0.1/s0", "C");
  }],
  ["WAITS_WRONG", "one thing too many to wait for inside", () => redis.hset(w(), "o3@0.1", "3")],
  ["ITEMS_WRONG", "a count of instances that run", () => edit(w(), "x0", /^5 20 3 2/, "5 20 3 3")],
  ["ITEMS_WRONG", "an instance that ended unnoticed", () => redis.hset(keys.items(ids.groups, 0), "s0", "CC...")],
  ["ITEMS_WRONG", "an ended instance whose tasks are gone", () => redis.hdel(keys.items(ids.groups, 0), "t0")],
  ["ITEMS_WRONG", "items inside that ended unnoticed", () => redis.hset(keys.items(ids.groups, 2), "0.1/s3", "C")],
  ["ITEM_LOST", "an instance that is gone", () => forget("0.1")],
  ["ITEM_LOST", "an inner instance that is gone", () => forget("0.2.4.1")],
  ["ITEM_LOST", "an item's unit in an instance", async () => redis.hdel(w(), ...(await redis.hkeys(w())).filter((field) => field.startsWith("2@0.1:")))],
  ["TIMER_MISSING", "a wait in an instance without its timer", async () => redis.zrem(keys.timers, (await redis.zrange(keys.timers, 0, -1)).find((member) => member.includes(" 1@0.1 ")) as string)],
])("%s: %s", async (code, _what, corrupt) => {
  await corrupt();
  expect(await codes()).toContain(code);
});
