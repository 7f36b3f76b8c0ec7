/** Pure handlers run ahead of what is recorded: fewer steps, the same events and results, and nothing of what the store has not taken. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Handler } from "../../src/engine/handlers.js";
import type { Outcome } from "../../src/engine/ports.js";
import type { FanwireNode } from "../../src/main.js";
import type { TaskDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { Keys, shardOf, shardPrefix } from "../../src/store/keys.js";
import { start } from "../engine/control/support.js";
import { refOf, StoreClient } from "../faults/storeClient.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../support/builders.js";
import { expectSoundKeys, stopSoundly } from "../support/soundKeys.js";
import { CALLER, eventsOf, finished, startTestNode, testPrefix } from "../support/testNode.js";

/** Calls of handlers, by task. */
const calls: string[] = [];
const answers = (name: string, pure: boolean, run: Handler["run"]): Handler => ({
  name, description: "", builtIn: false, pure,
  run(context) {
    calls.push(context.task);
    return run(context);
  },
});
const value = (input: JsonValue): JsonValue => (input as JsonObject).value ?? null;
const HANDLERS = [
  answers("same", true, ({ input }) => value(input)),
  answers("impure", false, ({ input }) => value(input)),
  answers("slowly", true, ({ input, signal }) => new Promise((resolve) => { signal.throwIfAborted(); setTimeout(() => { resolve(value(input)); }, 10); })),
  answers("telling", true, ({ input, progress }) => { progress(50); return value(input); }),
  answers("shaky", true, ({ input, attempt }) => { if (attempt === 1) throw new Error("not yet"); return value(input); }),
];

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: HANDLERS, config: { keyPrefix } }); });
beforeEach(() => { calls.length = 0; });
afterAll(() => stopSoundly(node));

/** In how many steps the events of a workflow were recorded. */
async function steps(id: string): Promise<number> {
  return node.redis.llen(new Keys(shardPrefix(keyPrefix, shardOf(id) as number)).events(id));
}

const link = (at: number, more: Partial<TaskDefinition> = {}): TaskDefinition =>
  task(`t${at}`, { handler: "same", input: { value: at === 0 ? 1 : `{{ t${at - 1} + 1 }}` }, ...more });
const chain = (size: number, handler = "same"): WorkflowDefinition => oneGroup(...Array.from({ length: size }, (_, at) => link(at, { handler })));
/** b, c and d each need a; e needs all of them. */
const diamond = (handler: string): WorkflowDefinition => workflow([
  group("g", [task("a", { handler, input: { value: 1 } }), ...["b", "c", "d"].map((name) => task(name, { handler, input: { value: "{{ a + 1 }}" } }))]),
  group("h", [task("e", { handler, input: { value: "{{ b + c + d }}" } })]),
]);

async function told(definition: WorkflowDefinition): Promise<{ id: string; context: JsonObject; events: string[] }> {
  const id = await start(node, { definition });
  await finished(node, id);
  const events = (await eventsOf(node, id)).map((event) => `${event.type} ${event.kind === "task" ? `${event.task} ${event.attempt}` : ""}`);
  return { id, context: await node.engine.context(id), events };
}

test("a chain of pure handlers is recorded in a few steps, with the events and the context of one that is recorded step by step", async () => {
  const ahead = await told(chain(50));
  const apart = await told(chain(50, "impure"));
  expect(ahead.events).toEqual(apart.events);
  expect(ahead.context).toEqual(apart.context);
  expect(ahead.context["t49"]).toBe(50);
  expect(await steps(apart.id)).toBeGreaterThan(50);
  expect(await steps(ahead.id)).toBeLessThan(25);
});

test("what joins waits for all that it joins, across groups", async () => {
  const ahead = await told(diamond("same"));
  expect(ahead.context).toEqual({ a: 1, b: 2, c: 2, d: 2, e: 6 });
  expect([...ahead.events].sort()).toEqual([...(await told(diamond("impure"))).events].sort());
  expect(await steps(ahead.id)).toBeLessThan(5);
});

test.each<[string, Partial<TaskDefinition>]>([
  ["has a condition", { when: "t1 > 1" }], ["checks its result", { validate: "$result > 0" }], ["has a timeout", { timeoutMs: 60_000 }],
  ["does not answer soon", { handler: "slowly" }], ["tells of its progress", { handler: "telling" }], ["fails", { handler: "shaky", retry: retry({ maxAttempts: 2, initialDelayMs: 1 }) }],
  ["is not pure", { handler: "impure" }], ["is expanded", { expansion: expansion({ array: { x: [1, 2] } }) }],
])("a task that %s is claimed like any other, and what follows it goes on", async (_what, more) => {
  const rest = more.expansion ? task("t3", { handler: "same", input: { value: "{{ $count(t2) }}" } }) : link(3);
  const { id, context, events } = await told(oneGroup(link(0), link(1), link(2, more), rest));
  expect(context["t3"]).toBe(more.expansion ? 2 : 4);
  expect(events.filter((event) => event === "TASK_STARTED g.t2 1")).toHaveLength(more.expansion ? 3 : 1);
  // Claimed in a step of its own, after that in which t1 was recorded.
  expect(await steps(id)).toBeGreaterThan(3);
});

test("with what undoes a task in it, or a limit for a group, a workflow is recorded step by step", async () => {
  for (const definition of [
    oneGroup(link(0, { compensate: { handler: "same" } }), link(1), link(2)),
    workflow([group("g", [link(0), link(1), link(2)], { maxParallel: 1 })]),
  ]) {
    const { id, context } = await told(definition);
    expect(context["t2"]).toBe(3);
    expect(await steps(id)).toBeGreaterThan(3);
  }
});

/** A node without workers, and a worker that the test plays. */
async function byHand(): Promise<{ other: FanwireNode; client: StoreClient; prefix: string }> {
  const prefix = testPrefix();
  const other = await startTestNode({ config: { keyPrefix: prefix, worker: false } });
  return { other, client: new StoreClient(other, "hand", prefix, 60_000), prefix };
}

const LOGS = oneGroup(...["a", "b", "c"].map((name, at) => task(name, { handler: "transform", input: { expression: "1" }, after: at === 0 ? [] : [["a", "b"][at - 1] as string] })));
const done = (ref: ReturnType<typeof refOf>, next?: number): Outcome => ({
  kind: "done", ref, status: "COMPLETED", failsWorkflow: false, cancelsRest: false, group: "0", route: next === undefined ? "" : `d${next}/1/0/transform~0/p`, writes: [],
});
const ran = (ref: ReturnType<typeof refOf>, at: number, next?: number): Outcome =>
  ({ ...(done({ ...ref, node: at, attempt: 1 }, next) as Outcome & { kind: "done" }), kind: "ran", lane: "transform~0" });

test("what ran ahead of a claim that is lost is refused with it, and what ran ahead of that too", async () => {
  const { other, client, prefix } = await byHand();
  try {
    const id = await start(other, { definition: LOGS });
    const ref = refOf(await client.claimOne());
    const stale = { ...ref, token: String(Number(ref.token) + 1) };
    const { codes } = await client.store.completeTasks(0, client.request(0), [done(stale, 1), ran(stale, 1, 2), ran(stale, 2)]);
    expect(codes).toEqual(["STALE", "STALE", "STALE"]);
    // Somebody else has recorded a: what this one made of its own result is not what follows from it.
    expect((await client.store.completeTasks(0, client.request(0), [done(ref, 1)])).codes).toEqual(["OK"]);
    expect((await client.store.completeTasks(0, client.request(0), [done(stale, 1), ran(stale, 1, 2), ran(stale, 2)])).codes).toEqual(["STALE", "STALE", "STALE"]);
    await expectSoundKeys(other.redis, prefix);
    expect((await other.engine.workflowDetail(CALLER, id))?.tasks.map(({ status }) => status)).toEqual(["COMPLETED", "READY", "PENDING"]);
  } finally {
    await other.stop();
  }
});

test("what ran ahead in a workflow that is paused meanwhile stays to be claimed", async () => {
  const { other, client, prefix } = await byHand();
  try {
    const id = await start(other, { definition: LOGS });
    const ref = refOf(await client.claimOne());
    await other.engine.pauseWorkflow(CALLER, id);
    expect((await client.store.completeTasks(0, client.request(0), [done(ref, 1), ran(ref, 1, 2), ran(ref, 2)])).codes).toEqual(["OK", "STALE", "STALE"]);
    await other.engine.resumeWorkflow(CALLER, id);
    const [claim] = await client.claim();
    expect(claim).toMatchObject({ node: 1, attempt: 1 });
    await expectSoundKeys(other.redis, prefix);
  } finally {
    await other.stop();
  }
});

test("told twice, as after a lost reply, it is recorded once", async () => {
  const { other, client, prefix } = await byHand();
  try {
    const id = await start(other, { definition: LOGS });
    const ref = refOf(await client.claimOne());
    const outcomes = [done(ref, 1), ran(ref, 1, 2), ran(ref, 2)];
    expect((await client.store.completeTasks(0, client.request(0), outcomes)).codes).toEqual(["OK", "OK", "OK"]);
    expect((await client.store.completeTasks(0, client.request(0), outcomes)).codes).toEqual(["DUPLICATE", "DUPLICATE", "DUPLICATE"]);
    const events = await eventsOf(other, id);
    expect(events.filter(({ type }) => type === "TASK_COMPLETED")).toHaveLength(3);
    expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
    await expectSoundKeys(other.redis, prefix);
  } finally {
    await other.stop();
  }
});

test("it takes no place in a lane, and the lease goes on for what else was claimed with it", async () => {
  const { other, client, prefix } = await byHand();
  try {
    const ids = [await start(other, { definition: LOGS }), await start(other, { definition: LOGS })];
    const claims = await client.claim(2);
    expect(claims.map(({ workflowId }) => workflowId)).toEqual(ids);
    const ref = refOf(claims[0] as (typeof claims)[0]);
    expect((await client.store.completeTasks(0, client.request(0), [done(ref, 1), ran(ref, 1, 2), ran(ref, 2)])).codes).toEqual(["OK", "OK", "OK"]);
    await expectSoundKeys(other.redis, prefix);
    expect(await other.redis.llen(new Keys(shardPrefix(prefix, 0)).lane("transform"))).toBe(0);
    expect((await client.store.completeTasks(0, client.request(0), [done(refOf(claims[1] as (typeof claims)[0]), 1)])).codes).toEqual(["OK"]);
    await expectSoundKeys(other.redis, prefix);
  } finally {
    await other.stop();
  }
});

test("the handler is called once for each task", async () => {
  await told(chain(20));
  expect([...calls].sort()).toEqual(Array.from({ length: 20 }, (_, at) => `g.t${at}`).sort());
});
