/** Queues keep tasks for the workers that serve them, and priorities decide what these take first. */

import { afterEach, expect, test } from "vitest";
import type { Handler } from "../../src/engine/handlers.js";
import type { FanwireNode } from "../../src/main.js";
import { Keys, shardPrefix } from "../../src/store/keys.js";
import { LaneRepair } from "../../src/store/LaneRepair.js";
import { ShardKeys } from "../../src/store/keys.js";
import { laneOf } from "../../src/engine/TaskGroup.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import type { PlanNode } from "../../src/workflow/plan.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix, type TestOptions } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { coordinationLeft } from "../model/leftovers.js";

const started: string[] = [];
let release: (() => void)[] = [];
/** Notes that it runs; an input that begins with `hold` goes on until the test says so. */
const held: Handler = {
  name: "held", description: "Runs until it is released.", builtIn: false,
  async run({ input }) {
    started.push(String(input));
    if (String(input).startsWith("hold")) await new Promise<void>((resolve) => release.push(resolve));
    return null;
  },
};

const nodes: FanwireNode[] = [];
let keyPrefix = "";
async function startNode(options: TestOptions = {}): Promise<FanwireNode> {
  const node = await startTestNode({ handlers: [held], ...options, config: { keyPrefix, workerConcurrency: 1, ...options.config } });
  nodes.push(node);
  return node;
}
function newDeployment(options: TestOptions = {}): Promise<FanwireNode> {
  keyPrefix = testPrefix();
  started.length = 0;
  release = [];
  return startNode(options);
}
afterEach(async () => {
  for (const go of release) go();
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

function keysOf(): Keys {
  return new Keys(shardPrefix(keyPrefix, 0));
}
async function submit(node: FanwireNode, tasks: TaskDefinition[], priority?: number): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(...tasks), context: { xs: [1, 2, 3] }, ...(priority === undefined ? {} : { priority }) });
  expect(problems).toEqual([]);
  return workflowId as string;
}
const run = (name: string, more: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { handler: "held", input: name, ...more });
const running = (input: string): Promise<unknown> => waitFor(() => started.includes(input), { what: `${input} to run` });
async function letGo(): Promise<void> {
  await waitFor(() => release.length > 0, { what: "something that is held" });
  release.shift()?.();
}

test("a flood of low priority delays a high one by no more than what already runs", async () => {
  const node = await newDeployment();
  const first = await submit(node, [run("hold1")]);
  await running("hold1");
  const flood = await submit(node, Array.from({ length: 300 }, (_, i) => run(`low${i}`, { priority: -5 })));
  const plain = await submit(node, [run("plain")]);
  const high = await submit(node, [run("high", { priority: 7 })]);
  const urgent = await submit(node, [run("urgent", { priority: -1000 })], 1);
  await letGo();
  await Promise.all([first, high, urgent, plain, flood].map((id) => finished(node, id)));
  expect(started.slice(0, 4)).toEqual(["hold1", "urgent", "high", "plain"]);
  expect(started.slice(4)).toEqual(Array.from({ length: 300 }, (_, i) => `low${i}`));
  expect(await coordinationLeft(node.redis, keysOf())).toEqual([]);
});

test("the workflow's priority counts before the tasks', and larger goes first in both", async () => {
  const node = await newDeployment();
  await submit(node, [run("hold1")]);
  await running("hold1");
  const ids = [
    await submit(node, [run("c", { priority: 1000 }), run("d", { priority: 2 })]),
    await submit(node, [run("b", { priority: -3 }), run("a")], 5),
    await submit(node, [run("e", { priority: 1000 })], -5),
  ];
  await letGo();
  await Promise.all(ids.map((id) => finished(node, id)));
  expect(started).toEqual(["hold1", "a", "b", "c", "d", "e"]);
});

test("a process learns of lanes that others fill, and the poll finds those whose ring was lost", async () => {
  const node = await newDeployment();
  const other = await startNode({ config: { worker: false } });
  // A ring that comes after the next claim is late, not lost: then once more.
  await waitFor(async () => {
    started.length = 0;
    const first = await submit(node, [run("hold1")]);
    await running("hold1");
    const ids = [first, await submit(other, [run("low")]), await submit(other, [run("high")], 3)];
    await letGo();
    await Promise.all(ids.map((id) => finished(node, id)));
    return started.join() === "hold1,high,low";
  }, { what: "the high one to be first", intervalMs: 0 });
  // Put into a lane nobody knows of, without a ring: as if it had been lost.
  const plan = await submit(other, [run("late", { queue: "later" })]);
  const keys = keysOf();
  const entry = await node.redis.lpop(keys.lane("held@later"));
  await node.redis.multi().rpush(keys.lane("held#9"), entry as string).sadd(keys.lanes, keys.lane("held#9")).exec();
  expect((await finished(node, plan)).status).toBe("COMPLETED");
});

test("dependents that a task releases are taken by their priority too", async () => {
  const node = await newDeployment();
  const id = await submit(node, [run("hold1"), run("x", { after: ["hold1"] }), run("y", { after: ["hold1"], priority: 1 }), run("z", { after: ["hold1"], priority: 2 })]);
  await running("hold1");
  await letGo();
  await finished(node, id);
  expect(started).toEqual(["hold1", "z", "y", "x"]);
});

test("what is tried again, resumed or found by the sweeper goes back into its own lane", async () => {
  const node = await newDeployment({ config: { worker: false } });
  const keys = keysOf();
  const id = await submit(node, [run("a", { queue: "q", priority: 4 }), run("each", { queue: "q", priority: 4, expansion: expansion({ array: { x: "xs" } }), retry: retry() })], 2);
  const full = async (): Promise<Record<string, number>> => Object.fromEntries(await Promise.all((await node.redis.keys(keys.lane("*"))).sort()
    .map(async (lane): Promise<[string, number]> => [lane.slice(keys.lane("").length), await node.redis.llen(lane)])));
  expect(await full()).toEqual({ "$plan#4!2": 1, "held@q#4!2": 1 });
  await node.redis.del(...(await node.redis.keys(keys.lane("*"))));
  const repair = new LaneRepair(node.redis, new ShardKeys(keyPrefix, 1));
  const plan = (await node.engine.workflowDetail(CALLER, id))?.plan;
  const lost = (await repair.readyUnits(id, 0)).map((unit) => ({ ...unit, lane: laneOf(plan?.nodes[unit.node] as PlanNode, unit.phase) }));
  expect(await repair.queueLost(0, lost)).toBe(2);
  expect(await full()).toEqual({ "$plan#4!2": 1, "held@q#4!2": 1 });
  expect(await repair.queueLost(0, lost)).toBe(0);
  await node.engine.pauseWorkflow(CALLER, id);
  await node.redis.del(...(await node.redis.keys(keys.lane("*"))));
  await node.engine.resumeWorkflow(CALLER, id);
  expect(await full()).toEqual({ "$plan#4!2": 1, "held@q#4!2": 1 });
  const { tasks } = await node.remoteWorkers.claimTasks(CALLER, { workerId: "far", handlers: ["held"], queues: ["q"], max: 1, waitMs: 0, leaseMs: 30_000 });
  expect(tasks).toMatchObject([{ task: "g.a" }]);
  await waitFor(async () => (await full())["held@q#4!2"] === 3, { what: "the items to be ready" });
  await node.engine.cancelWorkflow(CALLER, id);
  await node.engine.retryWorkflow(CALLER, id);
  expect(Object.keys(await full())).toEqual(["held@q#4!2"]);
});

test("a queue's tasks run where it is served, and nowhere else", async () => {
  const node = await newDeployment();
  const id = await submit(node, [run("here"), run("there", { queue: "gpu" }), run("each", { queue: "gpu", input: "each{{ x }}", expansion: expansion({ array: { x: "xs" } }) })]);
  await running("here");
  await waitFor(async () => (await node.fleet.queues()).find(({ name }) => name === "gpu")?.ready === 4, { what: "the queue to hold everything" });
  const reasons = async (): Promise<unknown[]> => (await node.engine.workflowDetail(CALLER, id))?.tasks.map(({ waitingFor }) => waitingFor[0]?.message) ?? [];
  const nobody = "no worker that is alive serves the handler held in the queue gpu";
  expect(await reasons()).toEqual([undefined, nobody, nobody]);
  expect((await node.engine.planWorkflow(oneGroup(run("there", { queue: "gpu" })))).warnings).toMatchObject([{ code: "NO_WORKER", path: "groups[0].tasks[0].handler" }]);
  expect(started).toEqual(["here"]);
  await startNode({ config: { workerQueues: ["gpu"] } });
  await finished(node, id);
  expect(started.slice(1).sort()).toEqual(["each1", "each2", "each3", "there"]);
  const other = await submit(node, [run("hold1")]);
  await running("hold1");
  const second = await submit(node, [run("second")]);
  const gpu = await submit(node, [run("gpu2", { queue: "gpu" })]);
  await finished(node, gpu);
  expect(started).not.toContain("second");
  await letGo();
  await Promise.all([other, second].map((workflow) => finished(node, workflow)));
});

test("queues tells of each queue what it holds, from the first task to the last", async () => {
  const node = await newDeployment({ config: { workerQueues: ["default", "io"] } });
  /** ready, running, delayed by queue; whether it says since when the oldest is ready. */
  const held = async (): Promise<Record<string, unknown[]>> => Object.fromEntries((await node.fleet.queues()).map((queue) =>
    [queue.name, [queue.ready, queue.running, queue.delayed, queue.oldestReadyMs !== undefined]]));
  const nothing = [0, 0, 0, false];
  await waitFor(async () => Object.keys(await held()).length === 2, { what: "the served queues" });
  expect(await held()).toEqual({ default: nothing, io: nothing });
  const before = Date.now();
  const id = await submit(node, [
    run("hold1", { queue: "io" }), run("a", { queue: "gpu", priority: 3 }),
    task("later", { handler: "fail", queue: "gpu", after: ["hold1"], retry: retry() }),
    run("each", { queue: "gpu", expansion: expansion({ array: { x: "xs" } }) }),
  ]);
  await running("hold1");
  expect((await held()).io).toEqual([0, 1, 0, false]);
  expect((await node.fleet.queues()).find(({ name }) => name === "gpu")?.oldestReadyMs).toBeGreaterThanOrEqual(before - 1);
  await letGo();
  await waitFor(async () => (await held()).gpu?.[0] === 5, { what: "everything to wait in gpu" });
  expect(await held()).toEqual({ default: nothing, gpu: [5, 0, 0, true], io: nothing });
  const claimed = [];
  for (const handler of ["held", "fail"]) claimed.push(await node.remoteWorkers.claimTasks(CALLER, { workerId: "far", handlers: [handler], queues: ["gpu"], max: 1, waitMs: 0, leaseMs: 30_000 }));
  const tasks = claimed.flatMap((answer) => answer.tasks);
  expect(tasks.map(({ task: name }) => name)).toEqual(["g.a", "g.later"]);
  expect(await held()).toEqual({ default: nothing, gpu: [3, 2, 0, true], io: nothing });
  await node.remoteWorkers.failTask(CALLER, { claim: tasks[1]?.claim as string, message: "no", retryable: true });
  expect(await held()).toEqual({ default: nothing, gpu: [3, 1, 1, true], io: nothing });
  expect((await node.fleet.workers()).map(({ queues }) => queues)).toEqual(expect.arrayContaining([["gpu"], ["default", "io"]]));
  await node.engine.cancelWorkflow(CALLER, id);
  expect(await held()).toEqual({ default: nothing, gpu: nothing, io: nothing });
});

test("a priority stays with a workflow that is rerun, and belongs to an idempotency key's payload", async () => {
  const node = await newDeployment({ config: { worker: false } });
  const id = await submit(node, [run("a")], 6);
  const { workflowId } = await node.engine.rerunWorkflow(CALLER, id);
  expect((await node.engine.workflow(CALLER, workflowId as string))?.priority).toBe(6);
  const definition = oneGroup(run("a"));
  await node.engine.submitWorkflow(CALLER, { definition, idempotencyKey: "k", priority: 1 });
  expect((await node.engine.submitWorkflow(CALLER, { definition, idempotencyKey: "k", priority: 1 })).duplicate).toBe(true);
  expect((await node.engine.submitWorkflow(CALLER, { definition, idempotencyKey: "k" })).problems).toMatchObject([{ code: "IDEMPOTENCY_CONFLICT" }]);
});

test("queues and priorities that cannot be are problems", async () => {
  const node = await newDeployment({ config: { worker: false } });
  const definition = oneGroup(run("a", { queue: "no/queue", priority: 1001 }), run("b", { priority: 0.5 }));
  expect((await node.engine.submitWorkflow(CALLER, { definition, priority: -1001 })).problems).toMatchObject([
    { code: "INVALID_NAME", path: "groups[0].tasks[0].queue" }, { code: "INVALID_VALUE", path: "groups[0].tasks[0].priority" },
    { code: "INVALID_VALUE", path: "groups[0].tasks[1].priority" }, { code: "INVALID_VALUE", path: "priority" },
  ]);
});
