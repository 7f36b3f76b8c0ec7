/** A paused workflow starts nothing new, records what runs, and goes on where it stood. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Handler } from "../../../src/engine/handlers.js";
import type { FanwireNode } from "../../../src/main.js";
import { expansion, oneGroup, retry, task } from "../../support/builders.js";
import { stopSoundly } from "../../support/soundKeys.js";
import { CALLER, startTestNode } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, codes, detailOf, logOf, start, taskBecomes, taskIn } from "./support.js";

/** Waits until the test opens its gate; counts its calls. */
class Gate {
  calls = 0;
  open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => { this.open = resolve; });
  readonly handler: Handler;

  constructor(name: string) {
    this.handler = {
      name, description: "Waits for the test.", builtIn: false,
      run: async ({ input }) => {
        this.calls++;
        await this.#opened;
        return input;
      },
    };
  }
}

const gates = Object.fromEntries(["first", "items", "last", "counted"].map((name) => [name, new Gate(name)])) as Record<string, Gate>;
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: Object.values(gates).map(({ handler }) => handler) }); });
afterAll(() => stopSoundly(node));

const pause = (id: string): Promise<unknown> => node.engine.pauseWorkflow(CALLER, id).then(({ problems }) => expect(problems).toEqual([]));
const resume = (id: string): Promise<unknown> => node.engine.resumeWorkflow(CALLER, id).then(({ problems }) => expect(problems).toEqual([]));

test("what runs is recorded while it is paused, what that releases waits until it is resumed", async () => {
  const gate = gates.first as Gate;
  const id = await start(node, { definition: oneGroup(task("a", { handler: "first", input: 1 }), task("b", { input: "{{ a }}" })) });
  await waitFor(() => gate.calls > 0);
  await pause(id);
  expect((await node.engine.workflows(CALLER, { status: ["PAUSED"] }, {})).edges.map((edge) => edge.node.id)).toEqual([id]);
  gate.open();
  const b = await taskBecomes(node, id, "g.b", "READY");
  expect(b.waitingFor).toMatchObject([{ kind: "PAUSED" }]);
  expect(await node.engine.context(id)).toEqual({ a: 1 });
  // A workflow that was submitted later has come and gone by now: nothing of the paused one was claimed meanwhile.
  await becomes(node, await start(node, { definition: oneGroup(task("a")) }), "COMPLETED");
  expect(taskIn(await detailOf(node, id), "g.b").status).toBe("READY");
  await resume(id);
  await becomes(node, id, "COMPLETED");
  expect((await logOf(node, id)).flatMap(({ type, ...event }) => (event.kind === "workflow" ? [`${type} ${event.status}`] : []))).toEqual([
    "WORKFLOW_SUBMITTED PENDING", "WORKFLOW_STARTED RUNNING", "WORKFLOW_PAUSED PAUSED", "WORKFLOW_RESUMED RUNNING", "WORKFLOW_COMPLETED COMPLETED",
  ]);
  expect((await node.engine.workflows(CALLER, { status: ["PAUSED"] }, {})).totalCount).toBe(0);
});

test("an expansion admits no items while it is paused, and all of them in the end", async () => {
  const gate = gates.items as Gate;
  const id = await start(node, {
    definition: oneGroup(task("each", { handler: "items", input: "{{ x }}", expansion: expansion({ array: { x: "xs" }, maxParallel: 2 }) })), context: { xs: [1, 2, 3, 4, 5, 6] },
  });
  await waitFor(() => gate.calls === 2);
  await pause(id);
  gate.open();
  await waitFor(async () => taskIn(await detailOf(node, id), "g.each").itemCounts?.completed === 2);
  await becomes(node, await start(node, { definition: oneGroup(task("a")) }), "COMPLETED");
  expect(gate.calls).toBe(2);
  await resume(id);
  await becomes(node, id, "COMPLETED");
  expect(await node.engine.context(id, ["each"])).toEqual({ each: [1, 2, 3, 4, 5, 6] });
});

test("timers and retries that come due while it is paused come after it is resumed", async () => {
  const id = await start(node, {
    definition: oneGroup(
      task("later", { handler: "delay", input: { duration: "300ms" } }),
      task("again", { handler: "fail", input: { untilAttempt: 2 }, retry: retry({ initialDelayMs: 300, jitter: false }) }),
    ),
  });
  await taskBecomes(node, id, "g.later", "WAITING");
  const { waitingFor } = await taskBecomes(node, id, "g.again", "WAITING");
  await pause(id);
  const dueMs = waitingFor[0]?.untilMs as number;
  // Past the time, another workflow's timer fires: these would have had to.
  await becomes(node, await start(node, { definition: oneGroup(task("a", { handler: "delay", input: { duration: `${Math.max(0, dueMs - Date.now()) + 100}ms` } })) }), "COMPLETED");
  const held = await detailOf(node, id);
  expect(held.tasks.map(({ status }) => status)).toEqual(["WAITING", "WAITING"]);
  await resume(id);
  await becomes(node, id, "COMPLETED");
});

test("a workflow whose last task ends while it is paused ends", async () => {
  const gate = gates.last as Gate;
  const id = await start(node, { definition: oneGroup(task("each", { handler: "last", input: "{{ x }}", expansion: expansion({ array: { x: [1, 2] } }) })) });
  await waitFor(() => gate.calls === 2);
  await pause(id);
  gate.open();
  await becomes(node, id, "COMPLETED");
  expect(codes(await node.engine.resumeWorkflow(CALLER, id))).toEqual(["ALREADY_ENDED id"]);
  expect(codes(await node.engine.pauseWorkflow(CALLER, id))).toEqual(["ALREADY_ENDED id"]);
});

test("pausing what is paused and resuming what is not change nothing; a paused workflow can be cancelled", async () => {
  const id = await start(node, { definition: oneGroup(task("wait", { handler: "signal" })) });
  await taskBecomes(node, id, "g.wait", "WAITING");
  await resume(id);
  await pause(id);
  await pause(id);
  expect((await logOf(node, id)).filter(({ type }) => type === "WORKFLOW_PAUSED" || type === "WORKFLOW_RESUMED")).toHaveLength(1);
  await node.engine.cancelWorkflow(CALLER, id);
  expect((await detailOf(node, id)).status).toBe("CANCELLED");
  expect(codes(await node.engine.pauseWorkflow({ tenant: "other" }, id))).toEqual(["NOT_FOUND id"]);
});
