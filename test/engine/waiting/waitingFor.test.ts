/** waitingFor says why a task does not run: every reason, in every state, from what is so now. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { TaskState, WaitReason, WorkflowDetail } from "../../../src/engine/snapshot.js";
import type { FanwireNode } from "../../../src/main.js";
import { addWaitReasons } from "../../../src/store/waitReasons.js";
import { compilePlan } from "../../../src/workflow/compilePlan.js";
import type { ExpansionDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../../src/workflow/definition.js";
import type { PlanNode } from "../../../src/workflow/plan.js";
import type { JsonObject } from "../../../src/workflow/json.js";
import { expansion, group, oneGroup, retry, task, workflow } from "../../support/builders.js";
import { CALLER, startTestNode, testPrefix } from "../../support/testNode.js";
import { stopSoundly } from "../../support/soundKeys.js";
import { waitFor } from "../../support/waitFor.js";
import { detailOf, start } from "../control/support.js";
import { allTasks } from "../groups/groupRun.js";

/** Runs until it is cancelled. */
const held = {
  name: "held", description: "Runs on.", builtIn: false,
  run: ({ signal }: { signal: AbortSignal }) => new Promise<null>((_, reject) => signal.addEventListener("abort", () => reject(new Error("cancelled")))),
};

let node: FanwireNode;
/** A deployment of its own, in which nobody works. */
let idle: FanwireNode;
beforeAll(async () => {
  [node, idle] = await Promise.all([
    startTestNode({ handlers: [held], config: { workerConcurrency: 500 } }),
    startTestNode({ handlers: [held], config: { worker: false, keyPrefix: testPrefix() } }),
  ]);
  await node.engine.registerDefinition(CALLER, workflow([group("g", [task("ask", { handler: "signal" })])], { name: "asks" }));
});
afterAll(async () => {
  for (const { on, id } of started) await on.engine.cancelWorkflow(CALLER, id);
  await Promise.all([stopSoundly(node), stopSoundly(idle)]);
});
const started: { on: FanwireNode; id: string }[] = [];

const runs = (name: string, parts: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { handler: "held", ...parts });
const over = (array: JsonObject, parts: Partial<ExpansionDefinition> = {}): { expansion: ExpansionDefinition } => ({ expansion: expansion({ array, ...parts }) });
const later = { handler: "delay", input: { duration: "1h" } };
const fails = { handler: "fail", input: { message: "no" }, retry: retry({ initialDelayMs: 3_600_000, maxDelayMs: 3_600_000 }) };
const each = (parts: Partial<TaskDefinition>, tasks: Partial<ExpansionDefinition> = {}): TaskDefinition => task("each", { ...parts, ...over({ x: [1, 2, 3] }, tasks) });
const instances = (tasks: TaskDefinition[], parts: Partial<TaskGroupDefinition> = {}, more: Partial<ExpansionDefinition> = {}): TaskGroupDefinition =>
  group("many", tasks, { ...over({ n: [1, 2] }, { identifier: "n{{ n }}", ...more }), ...parts });

interface Case {
  definition: WorkflowDefinition;
  context?: JsonObject;
  /** Of the task, or the expanded group. */
  of: string;
  says: { kind: string; key?: string; message?: string; until?: true }[];
  /** The same while the workflow is paused; absent: as `says`. */
  paused?: Case["says"];
  /** Nobody works in its deployment. */
  idle?: true;
  /** Done to it before it is looked at; then it is not paused. */
  after?(id: string): Promise<unknown>;
  /** Looked at from then on; absent: at once. */
  once?(detail: WorkflowDetail): boolean;
}

const PAUSED = { kind: "PAUSED", message: "the workflow is paused" };
const CASES: Record<string, Case> = {
  "PENDING: a key whose writer runs": {
    definition: oneGroup(runs("a"), task("b", { input: "{{ a }}" })), of: "g.b", says: [{ kind: "KEY", key: "a", message: "the key a comes from g.a, which is RUNNING" }],
  },
  "PENDING: a key that it can do without": {
    definition: oneGroup(runs("a"), task("b", { input: "{{ a ?? 0 }}" })), of: "g.b", says: [{ kind: "KEY", key: "a" }],
  },
  "PENDING: a declared dependency of its group": {
    definition: workflow([group("g", [runs("a")]), group("h", [task("b")], { dependencies: ["a"] })]), of: "h.b", says: [{ kind: "KEY", key: "a" }],
  },
  "PENDING: every writer of a reduced key": {
    definition: workflow([group("g", [runs("a", { resultKeys: ["k"] }), runs("b", { resultKeys: ["k"] }), task("c", { input: "{{ k }}" })])], { reducers: [{ key: "k", reducer: "APPEND" }] }),
    of: "g.c", says: [{ kind: "KEY", key: "k", message: "the key k comes from g.a, which is RUNNING" }, { kind: "KEY", key: "k", message: "the key k comes from g.b, which is RUNNING" }],
  },
  "PENDING: a task that it runs after": {
    definition: oneGroup(runs("a"), task("b", { after: ["a"] })), of: "g.b", says: [{ kind: "TASK", key: "g.a", message: "runs after g.a, which is RUNNING" }],
  },
  "PENDING: an external key": {
    definition: workflow([group("g", [task("a", { input: "{{ k }}" })])], { externalKeys: ["k"] }), of: "g.a", says: [{ kind: "EXTERNAL_KEY", key: "k" }],
  },
  "PENDING: all of these at once, and no longer what has come": {
    definition: workflow([group("g", [runs("a"), runs("b"), task("done"), task("c", { input: "{{ k }}{{ a }}{{ done }}", after: ["b"] })])], { externalKeys: ["k"] }),
    of: "g.c", says: [{ kind: "EXTERNAL_KEY", key: "k" }, { kind: "KEY", key: "a" }, { kind: "TASK", key: "g.b" }],
  },
  "PENDING: an expanded group that waits for an external key": {
    definition: workflow([instances([task("t", { input: "{{ k }}" })])], { externalKeys: ["k"] }), of: "many", says: [{ kind: "EXTERNAL_KEY", key: "k" }],
  },
  "PENDING: behind an expanded group": {
    definition: workflow([instances([runs("t")]), group("g", [task("end", { input: "{{ t }}" })])]), of: "g.end", says: [{ kind: "KEY", key: "t", message: "the key t comes from many, which is RUNNING" }],
  },
  "PENDING: in an instance, a task of the same instance": {
    definition: workflow([instances([runs("a"), task("b", { input: "{{ a }}" })])]), of: "many[n2].b", says: [{ kind: "KEY", key: "a", message: "the key a comes from many[n2].a, which is RUNNING" }],
  },
  "PENDING: in an instance that its group has not begun": {
    definition: workflow([instances([runs("a")], {}, { maxParallel: 1 })]), of: "many[n2].a",
    says: [{ kind: "LIMIT", message: "its instance begins when others have ended: of many 1 run at once (the expansion's maxParallel)" }],
  },
  "PENDING: a compensation before which others go": {
    definition: oneGroup(task("a", { compensate: { handler: "log" } }), task("b", { after: ["a"], compensate: { handler: "signal" } }), task("c", { handler: "fail", after: ["b"], input: { message: "no" } })),
    of: "g.a!compensate", says: [{ kind: "TASK", message: "waits until what completed later has been undone" }],
  },
  "READY: nobody serves its handler": {
    definition: oneGroup(task("a", { handler: "nobodys" })), of: "g.a", says: [{ kind: "WORKER", message: "no worker that is alive serves the handler nobodys" }], paused: [PAUSED],
  },
  "READY: nobody serves its queue": {
    definition: oneGroup(task("a", { queue: "far" })), of: "g.a", says: [{ kind: "WORKER", message: "no worker that is alive serves the handler log in the queue far" }], paused: [PAUSED],
  },
  "READY: nobody works at all": { idle: true, definition: oneGroup(runs("a")), of: "g.a", says: [{ kind: "WORKER", message: "no worker that is alive serves the handler held" }], paused: [PAUSED] },
  "READY: its items are to be found": { idle: true, definition: oneGroup(each({})), of: "g.each", says: [{ kind: "WORKER", message: "no worker that is alive can find its items" }], paused: [PAUSED] },
  "READY: its instances are to be found": { idle: true, definition: workflow([instances([task("t")])]), of: "many", says: [{ kind: "WORKER", message: "no worker that is alive can find its items" }], paused: [PAUSED] },
  "READY: in an instance, nobody serves its handler": {
    definition: workflow([instances([task("a", { handler: "nobodys" })])]), of: "many[n1].a", says: [{ kind: "WORKER", message: "no worker that is alive serves the handler nobodys" }], paused: [PAUSED],
  },
  "READY: its group has no place, the one around that has is not named": {
    definition: workflow([group("out", [], { maxParallel: 9, groups: [group("in", [runs("a"), runs("b")], { maxParallel: 1 })] })]), of: "out.in.b",
    says: [{ kind: "LIMIT", message: "waits until others of its group have ended: out.in (maxParallel 1)" }], paused: [PAUSED, { kind: "LIMIT" }],
  },
  "READY: the group around has no place": {
    definition: workflow([group("out", [runs("a")], { maxParallel: 1, groups: [group("in", [runs("b")], { maxParallel: 9 })] })]), of: "out.in.b",
    says: [{ kind: "LIMIT", message: "waits until others of its group have ended: out (maxParallel 1)" }], paused: [PAUSED, { kind: "LIMIT" }],
  },
  "READY: the place is its instance's": {
    definition: workflow([instances([], { groups: [group("in", [runs("a"), runs("b")], { maxParallel: 1 })] })]), of: "many[n2].in.b",
    says: [{ kind: "LIMIT", message: "waits until others of its group have ended: many[n2].in (maxParallel 1)" }], paused: [PAUSED, { kind: "LIMIT" }],
  },
  "RUNNING: its group has no place for any item": {
    definition: workflow([group("g", [runs("a"), each({ handler: "held" })], { maxParallel: 1 })]), of: "g.each",
    says: [{ kind: "LIMIT", message: "waits until others of its group have ended: g (maxParallel 1)" }], paused: [PAUSED, { kind: "LIMIT" }],
  },
  "RUNNING: nobody takes its items": {
    definition: oneGroup(each({ handler: "nobodys" })), of: "g.each", says: [{ kind: "WORKER", message: "no worker that is alive serves the handler nobodys" }], paused: [PAUSED],
  },
  "RUNNING: all its items are to be tried again": {
    definition: oneGroup(each(fails)), of: "g.each", says: [{ kind: "BACKOFF", message: "3 of its items wait to be tried again", until: true }], paused: [PAUSED, { kind: "BACKOFF", until: true }],
  },
  "RUNNING: all its items wait for their time": {
    definition: oneGroup(each(later)), of: "g.each", says: [{ kind: "TIMER", message: "3 of its items wait for their time", until: true }], paused: [PAUSED, { kind: "TIMER", until: true }],
  },
  "RUNNING: its items wait for answers": { definition: oneGroup(each({ handler: "signal" })), of: "g.each", says: [{ kind: "SIGNAL", message: "3 of its items wait for an answer by signalTask" }] },
  "RUNNING: its items run as workflows": {
    definition: oneGroup(each({ handler: "workflow", input: { definitionName: "asks" } })), of: "g.each", says: [{ kind: "WORKFLOW", message: "3 of its items run as workflows" }],
  },
  "RUNNING: its items have no place while others wait for answers": {
    definition: oneGroup(each({ handler: "signal" }, { maxParallel: 2 })), of: "g.each", says: [{ kind: "SIGNAL", message: "2 of its items wait for an answer by signalTask" }],
  },
  "RUNNING: nothing": { definition: oneGroup(runs("a")), of: "g.a", says: [] },
  "RUNNING: nothing, with items that run": { definition: oneGroup(each({ handler: "held" })), of: "g.each", says: [], once: ({ counts }) => counts.running === 3 },
  "RUNNING: nothing, in an instance": { definition: workflow([instances([runs("a")])]), of: "many[n1].a", says: [] },
  "RUNNING: nothing, a group with instances that run": { definition: workflow([instances([runs("a")])]), of: "many", says: [] },
  "WAITING: a retry's delay": { definition: oneGroup(task("a", fails)), of: "g.a", says: [{ kind: "BACKOFF", until: true }], paused: [PAUSED, { kind: "BACKOFF", until: true }] },
  "WAITING: a delay": { definition: oneGroup(task("a", later)), of: "g.a", says: [{ kind: "TIMER", until: true }], paused: [PAUSED, { kind: "TIMER", until: true }] },
  "WAITING: an answer": { definition: oneGroup(task("a", { handler: "signal" })), of: "g.a", says: [{ kind: "SIGNAL", message: "waits for an answer by signalTask" }] },
  "WAITING: an approval that has until then": {
    definition: oneGroup(task("a", { handler: "approval", input: { prompt: "Ship it?", timeout: "1h" } })), of: "g.a",
    says: [{ kind: "SIGNAL", message: "Ship it?", until: true }], paused: [{ kind: "SIGNAL", message: "Ship it?" }],
  },
  "WAITING: a sub-workflow": { definition: oneGroup(task("a", { handler: "workflow", input: { definitionName: "asks" } })), of: "g.a", says: [{ kind: "WORKFLOW" }] },
  "WAITING: in an instance": { definition: workflow([instances([task("a", { handler: "signal" })])]), of: "many[n2].a", says: [{ kind: "SIGNAL" }] },
  "WAITING: a compensation": {
    definition: oneGroup(task("a", { compensate: { handler: "signal" } }), task("b", { handler: "fail", after: ["a"], input: { message: "no" } })), of: "g.a!compensate", says: [{ kind: "SIGNAL" }],
  },
  "COMPLETED: nothing": { definition: oneGroup(task("a"), runs("b")), of: "g.a", says: [] },
  "FAILED: nothing": { definition: oneGroup(task("a", { handler: "fail", input: { message: "no" } }), runs("b")), of: "g.a", says: [] },
  "SKIPPED: nothing": { definition: oneGroup(task("a", { when: "false" }), task("c", { input: "{{ a }}" }), runs("b")), of: "g.c", says: [] },
  "TIMED_OUT: nothing": { definition: oneGroup(task("a", { handler: "signal", totalTimeoutMs: 1 }), runs("b")), of: "g.a", says: [] },
  "CANCELLED: nothing": { definition: oneGroup(runs("a"), task("b", { input: "{{ a }}" })), of: "g.b", says: [], after: (id) => node.engine.cancelWorkflow(CALLER, id) },
};

function shown({ kind, key, message, untilMs }: WaitReason): Record<string, unknown> {
  return { kind, message, ...(key === undefined ? {} : { key }), ...(untilMs === undefined ? {} : { until: true }) };
}

async function stateOf(on: FanwireNode, detail: WorkflowDetail, address: string): Promise<{ status: string; waitingFor: WaitReason[] } | undefined> {
  const expanded = detail.groups.find((found) => found.address === address);
  if (!expanded) return (await on.engine.task(detail, address)) ?? undefined;
  return { status: expanded.status, waitingFor: expanded.expanded?.waitingFor ?? [] };
}

/** What it says once the task stands in the status that the case begins with. */
async function expectReasons(on: FanwireNode, id: string, { of }: Case, status: string, says: Case["says"]): Promise<void> {
  await waitFor(async () => {
    const state = await stateOf(on, await detailOf(on, id), of);
    expect(state?.status).toBe(status);
    const found = state?.waitingFor.map(shown) ?? [];
    expect(found).toMatchObject(says);
    expect(found.map((reason) => "until" in reason)).toEqual(says.map(({ until }) => until === true));
    return true;
  }, { timeoutMs: 5_000, what: `${of} to say ${JSON.stringify(says)}` });
}

/** No task that has begun to wait is without a reason, and none that runs plainly, or has ended, has one. */
function expectReasonsWhereTheyBelong(tasks: readonly TaskState[]): void {
  const idleOnes = ["PENDING", "READY", "WAITING"];
  for (const { address, status, waitingFor, itemCounts } of tasks) {
    if (idleOnes.includes(status)) expect(waitingFor.length, `${address} is ${status}`).toBeGreaterThan(0);
    else if (!itemCounts || status !== "RUNNING") expect(waitingFor, `${address} is ${status}`).toEqual([]);
  }
}

test.each(Object.entries(CASES))("%s", async (name, example) => {
  const on = example.idle ? idle : node;
  const status = name.split(":", 1)[0] as string;
  const id = await start(on, { definition: example.definition, ...(example.context ? { context: example.context } : {}) });
  started.push({ on, id });
  await waitFor(async () => example.once?.(await detailOf(on, id)) ?? true, { what: "what the case begins with" });
  await example.after?.(id);
  await expectReasons(on, id, example, status, example.says);
  expectReasonsWhereTheyBelong(await allTasks(on, await detailOf(on, id)));
  if (example.after) return;
  expect((await on.engine.pauseWorkflow(CALLER, id)).problems).toEqual([]);
  await expectReasons(on, id, example, status, example.paused ?? example.says);
  expectReasonsWhereTheyBelong(await allTasks(on, await detailOf(on, id)));
});

test.each([["c", "task"], ["j", "group"]])("RUNNING: nobody collects what has ended (phase %s, of a %s)", async (phase) => {
  const plan = compilePlan(oneGroup(each({})));
  const [planNode] = plan.nodes as [PlanNode];
  const state: TaskState = { workflowId: "w", node: planNode, address: "g.each", status: "RUNNING", attempt: 1, base: 0, earlierAttempts: [], waitingFor: [] };
  const said = async (record: string, plans: boolean): Promise<WaitReason[]> => {
    await addWaitReasons({
      workflow: { plan, status: "PAUSED", submittedMs: 0 }, tasks: [state], missing: [], places: new Map(),
      fields: { 0: record, x0: "3 3 1 0 0 0 0 3 0 0 1 1000 0" },
    }, () => Promise.resolve({ handlers: new Set(), serves: () => false, expanders: new Set(), queues: new Set(), plans }));
    return state.waitingFor;
  };
  expect(await said(`R 1 0 0 5 6 0 w ${phase} 0`, true)).toEqual([{ kind: "WORKER", message: "waits for a free worker to collect its output" }]);
  expect(await said(`R 1 0 0 5 6 0 w ${phase} 0`, false)).toEqual([{ kind: "WORKER", message: "no worker that is alive can collect its output" }]);
  expect(await said(`X 1 7 0 5 6 0 w ${phase} 0`, false)).toEqual([]);
});
