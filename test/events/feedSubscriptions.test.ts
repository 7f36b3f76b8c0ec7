/** A subscription to many workflows gives each event that matches exactly once, from any cursor, on any server; what it cannot give is an error. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeFeedCursor, readFeedCursor } from "../../src/events/feedCursor.js";
import type { FanwireNode } from "../../src/main.js";
import { ShardKeys } from "../../src/store/keys.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { byWorkflow, expectAllOf, follow, followFromNow, plain, take } from "./feedReader.js";

/** Many entries, and entries of many events: cursors in the middle of an entry count too. */
const mixed = workflow([
  group("g", [
    task("each", { handler: "transform", input: { expression: "x", data: { x: "{{ x }}" } }, expansion: expansion({ array: { x: "[1..15]" }, maxParallel: 8 }) }),
    task("a", { handler: "fail", input: { untilAttempt: 2, result: 1 }, retry: retry({ initialDelayMs: 5, jitter: false }) }), task("b", { after: ["a"] }), task("never", { when: "false" }),
  ]),
  group("h", [task("c", { after: ["g.each", "g.b"] })]),
]);

async function submit(node: FanwireNode, more: object = {}): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: mixed, ...more });
  expect(problems).toEqual([]);
  return workflowId as string;
}

describe.each([1, 3])("with %i shards", (shards) => {
  const keyPrefix = testPrefix();
  let nodes: FanwireNode[];
  let ids: string[];
  let seen: WorkflowEvent[];

  beforeAll(async () => {
    nodes = await Promise.all([1, 2].map(() => startTestNode({ config: { keyPrefix, shards } })));
    const [node] = nodes as [FanwireNode];
    await finished(node, await submit(node));
    const events = await followFromNow(node);
    ids = [];
    for (let i = 0; i < 8; i++) ids.push(await submit(nodes[i % 2] as FanwireNode));
    seen = await take(events, { ends: ids.length });
  });
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));

  test("what was there before does not come; of workflows submitted later every event comes, once and in order", async () => {
    await expectAllOf(nodes[0] as FanwireNode, ids, seen);
  });

  test("the cursor of every event gives exactly the events behind it, on another server too", async () => {
    for (const [i, { cursor }] of seen.entries()) {
      const rest = await take(follow(nodes[i % 2] as FanwireNode, {}, { after: cursor }), { events: seen.length - 1 - i });
      if (shards === 1) expect(plain(rest)).toEqual(plain(seen.slice(i + 1)));
      const expected = byWorkflow(seen.slice(i + 1));
      for (const [id, events] of byWorkflow(rest)) expect(plain(events)).toEqual(plain(expected.get(id)));
    }
  });

  test("cut off and resumed after every few events, it still gives each exactly once", async () => {
    const all: WorkflowEvent[] = [];
    const before = seen[0] as WorkflowEvent;
    for (let pieces = 1; all.length < seen.length - 1; pieces++) {
      const left = seen.length - 1 - all.length;
      all.push(...(await take(follow(nodes[pieces % 2] as FanwireNode, {}, { after: (all.at(-1) ?? before).cursor }), { events: Math.min(left, 1 + (pieces % 7)) })));
    }
    await expectAllOf(nodes[0] as FanwireNode, ids, [before, ...all]);
  });

  test("only what matches comes, and the cursor of each gives the rest of those", async () => {
    const types = ["TASK_COMPLETED", "WORKFLOW_COMPLETED"] as const;
    const wanted = seen.slice(1).filter(({ type, workflowId }) => types.some((one) => one === type) && ids.slice(0, 4).includes(workflowId));
    const filter = { types, workflowIds: ids.slice(0, 4) };
    const got = await take(follow(nodes[0] as FanwireNode, filter, { after: seen[0]?.cursor as string }), { events: wanted.length });
    const expected = byWorkflow(wanted);
    for (const [id, events] of byWorkflow(got)) expect(plain(events)).toEqual(plain(expected.get(id)));
    const at = Math.floor(got.length / 2);
    const rest = await take(follow(nodes[1] as FanwireNode, filter, { after: got[at]?.cursor as string }), { events: got.length - 1 - at });
    const left = byWorkflow(got.slice(at + 1));
    for (const [id, events] of byWorkflow(rest)) expect(plain(events)).toEqual(plain(left.get(id)));
  });
});

describe("a deployment", () => {
  const keyPrefix = testPrefix();
  const keys = new ShardKeys(keyPrefix, 1).of(0);
  let node: FanwireNode;
  let start: string;

  beforeAll(async () => {
    node = await startTestNode({ config: { keyPrefix } });
    const events = await followFromNow(node);
    await finished(node, await submit(node));
    start = ((await take(events, { events: 1 }))[0] as WorkflowEvent).cursor;
  });
  afterAll(() => node.stop());

  test.each([
    ["a name", { name: "other" }, { definition: { ...oneGroup(task("a")), name: "other" } }],
    ["a session", { sessionId: "mine" }, { sessionId: "mine" }],
    ["labels", { labels: { team: { name: "x", size: 2 } } }, { labels: { team: { size: 2, name: "x" }, more: true } }],
  ])("is filtered by %s", async (_what, filter, more) => {
    const events = await followFromNow(node, filter);
    const others = [await submit(node, { labels: { team: "x" }, sessionId: "theirs" }), await submit(node)];
    await Promise.all(others.map((id) => finished(node, id)));
    const id = await submit(node, more);
    await expectAllOf(node, [id], await take(events, { ends: 1 }));
  });

  test("no event of another tenant's workflow comes, however it is asked for", async () => {
    const theirs = (await node.engine.submitWorkflow({ tenant: "other" }, { definition: oneGroup(task("a")), sessionId: "mine" })).workflowId as string;
    for await (const event of node.events.subscribeAll("other", {}, { after: start })) if (event.type === "WORKFLOW_COMPLETED") break;
    const mine = await submit(node);
    await finished(node, mine);
    const filter = { workflowIds: [theirs, mine] };
    await expectAllOf(node, [mine], await take(follow(node, filter, { after: start }), { ends: 1 }));
    await expectAllOf(node, [theirs], await take(node.events.subscribeAll("other", filter, { after: start }), { ends: 1 }));
  });

  test("results come when they are asked for, and only then", async () => {
    const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(task("a", { handler: "transform", input: { expression: "1 + 1", data: null } })) });
    const filter = { workflowIds: [workflowId as string], types: ["TASK_COMPLETED"] as const };
    const [[withResult], [without]] = (await Promise.all([true, false].map((withResults) => take(follow(node, filter, { after: start, withResults }), { events: 1 })))) as [WorkflowEvent[], WorkflowEvent[]];
    expect(withResult).toMatchObject({ task: "g.a", result: 2 });
    expect(without).not.toHaveProperty("result");
  });

  test("a workflow that is retried after its end goes on in it", async () => {
    const events = await followFromNow(node, { name: "again" });
    const definition = { ...oneGroup(task("bad", { handler: "fail", input: { code: "BAD", retryable: false, untilAttempt: 2, result: 1 } })), name: "again" };
    const id = (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string;
    await finished(node, id);
    await node.engine.retryWorkflow(CALLER, id);
    await expectAllOf(node, [id], await take(events, { ends: 2 }));
  });

  test("events that went with their workflow are left out, and the others come", async () => {
    const events = await followFromNow(node);
    const ids = [await submit(node), await submit(node), await submit(node)];
    await Promise.all(ids.map((id) => finished(node, id)));
    const [{ cursor, workflowId }] = (await take(events, { events: 1 })) as [WorkflowEvent];
    expect(workflowId).toBe(ids[0]);
    expect(await node.engine.deleteWorkflow(CALLER, ids[1] as string)).toMatchObject({ deleted: true });
    // The first server may have them in its memory for some seconds more.
    const other = await startTestNode({ config: { keyPrefix } });
    const rest = byWorkflow(await take(follow(other, {}, { after: cursor }), { ends: 2 }));
    expect([...rest.keys()].sort()).toEqual([ids[0], ids[2]].sort());
    expect(plain(rest.get(ids[2] as string))).toEqual(plain((await node.events.readEvents(ids[2] as string, 1_000)).events));
    await other.stop();
  });

  test("a cursor that means nothing here is CURSOR_INVALID", async () => {
    const id = await submit(node);
    const ofTheLog = (await node.events.readEvents(id, 1)).events[0]?.cursor as string;
    for (const after of ["made up", ofTheLog, makeFeedCursor({ steps: ["1-1", "1-1"] })]) await expect(follow(node, {}, { after }).next()).rejects.toMatchObject({ code: "CURSOR_INVALID" });
    await expect(node.events.subscribe(id, { after: start }).next()).rejects.toMatchObject({ code: "CURSOR_INVALID" });
  });

  test("a cursor ahead of the store is CURSOR_AHEAD, one behind what is kept CURSOR_EXPIRED: both at once, and the same for who is following", async () => {
    const id = await submit(node);
    await finished(node, id);
    const { steps } = readFeedCursor(start, 1);
    const last = (await node.redis.xrevrange(keys.feed, "+", "-", "COUNT", 1))[0]?.[0] as string;
    await expect(follow(node, {}, { after: makeFeedCursor({ steps: [`${Date.now() + 60_000}-0`] }) }).next()).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
    const next = (await followFromNow(node)).next();
    next.catch(() => undefined);
    // As after a crash that lost the newest writes: the step at which the follower stands is gone.
    await node.redis.xdel(keys.feed, last);
    await submit(node);
    await expect(next).rejects.toMatchObject({ code: "CURSOR_AHEAD" });
    await node.redis.xtrim(keys.feed, "MAXLEN", 1);
    await expect(follow(node, {}, { after: start }).next()).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
    await expect(follow(node, {}, { after: makeFeedCursor({ steps }) }).next()).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
  });
});
