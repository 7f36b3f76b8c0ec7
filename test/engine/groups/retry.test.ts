/** retryWorkflow and expanded groups: what completed stays, instances and tasks alike; the rest runs again in place. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Handler } from "../../../src/engine/handlers.js";
import { FanwireError } from "../../../src/errors.js";
import type { FanwireNode } from "../../../src/main.js";
import type { JsonObject } from "../../../src/workflow/json.js";
import type { TaskDefinition, WorkflowDefinition } from "../../../src/workflow/definition.js";
import { expansion, group, task, workflow } from "../../support/builders.js";
import { isWorkflowEnded } from "../../../src/workflow/status.js";
import type { WorkflowDetail } from "../../../src/engine/snapshot.js";
import { CALLER, startTestNode } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { instanceStates, taskStatuses } from "./groupRun.js";

/** Calls by their addresses, and those that are to fail. */
const calls: string[] = [];
const broken = new Set<string>();
const touchy: Handler = {
  name: "touchy", description: "Fails where it is told to.", builtIn: false,
  run({ input, task: address }) {
    calls.push(address);
    if (broken.has(address)) throw new FanwireError("HANDLER_ERROR", `${address} is broken`);
    return input;
  },
};

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [touchy] }); });
afterAll(() => node.stop());

const touch = (name: string, input: string, parts: Partial<TaskDefinition> = {}): TaskDefinition => task(name, { handler: "touchy", input, ...parts });

/** Also of a workflow that was opened again, whose log holds an end already. */
async function finished(id: string): Promise<WorkflowDetail> {
  return waitFor(async () => {
    const detail = await node.engine.workflowDetail(CALLER, id);
    return detail && isWorkflowEnded(detail.status) ? detail : undefined;
  }, { what: `the end of ${id}` });
}

async function failThenRetry(definition: WorkflowDefinition, breaking: string[], context: JsonObject = {}): Promise<{ again: string[]; context: JsonObject; statuses: Record<string, string>; id: string; failed: Record<string, string> }> {
  broken.clear();
  for (const address of breaking) broken.add(address);
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition, context });
  expect(problems).toEqual([]);
  const id = workflowId as string;
  const ended = await finished(id);
  expect(ended.status).toBe("FAILED");
  const failed = await taskStatuses(node, ended);
  broken.clear();
  calls.length = 0;
  expect(await node.engine.retryWorkflow(CALLER, id)).toEqual({ problems: [] });
  const done = await finished(id);
  expect(done.status).toBe("COMPLETED");
  const { total, completed, skipped } = done.counts;
  expect(completed + skipped).toBe(total);
  return { id, failed, again: [...calls].sort(), context: await node.engine.context(id), statuses: await taskStatuses(node, done) };
}

test("in an instance that failed only what did not complete runs again", async () => {
  const { again, context } = await failThenRetry(workflow([
    group("g", [touch("a", "{{ n }}"), touch("b", "{{ a }}b"), touch("c", "{{ b }}c")], { expansion: expansion({ array: { n: ["x", "y", "z"] }, failFast: false }) }),
    group("end", [touch("last", "{{ c }}")]),
  ]), ["g[1].b"]);
  expect(again).toEqual(["end.last", "g[1].b", "g[1].c"]);
  expect(context).toEqual({ a: ["x", "y", "z"], b: ["xb", "yb", "zb"], c: ["xbc", "ybc", "zbc"], last: ["xbc", "ybc", "zbc"] });
});

test("instances that were cancelled, or had not begun, run; completed ones do not", async () => {
  const { again, failed } = await failThenRetry(workflow([
    group("g", [touch("a", "{{ n }}"), touch("b", "{{ a }}")], { expansion: expansion({ array: { n: [1, 2, 3, 4] }, maxParallel: 1 }) }),
  ]), ["g[1].a"]);
  expect(failed).toMatchObject({ "g[0].b": "COMPLETED", "g[1].a": "FAILED HANDLER_ERROR", "g[2].a": "CANCELLED", "g[3].b": "CANCELLED" });
  expect(again).toEqual(["g[1].a", "g[1].b", "g[2].a", "g[2].b", "g[3].a", "g[3].b"]);
});

test("it goes down into groups in groups, and into the items of a task in them", async () => {
  const { again, context, id } = await failThenRetry(workflow([group("o", [touch("p", "{{ x }}")], {
    expansion: expansion({ array: { x: ["a", "b"] }, failFast: false }),
    groups: [group("i", [touch("q", "{{ p }}{{ y }}"), touch("r", "{{ q }}{{ z }}", { expansion: expansion({ array: { z: ["-", "+"] }, failFast: false }) })],
      { expansion: expansion({ array: { y: [1, 2] }, failFast: false }) })],
  })]), ["o[1].i[0].r[+]", "o[1].i[0].r[1]"]);
  expect(again).toEqual(["o[1].i[0].r[1]"]);
  expect(context.r).toEqual([[["a1-", "a1+"], ["a2-", "a2+"]], [["b1-", "b1+"], ["b2-", "b2+"]]]);
  const detail = await node.engine.workflowDetail(CALLER, id);
  expect((detail && await instanceStates(node, detail, "o"))?.map(({ status }) => status)).toEqual(["COMPLETED", "COMPLETED"]);
});

test("a failed group waits for what failed outside, and its tasks that were skipped because of that run", async () => {
  const { again, failed } = await failThenRetry(workflow([
    group("out", [touch("late", "v", { after: ["start"] }), touch("start", "s")]),
    group("g", [touch("bad", "{{ n }}"), touch("needs", "{{ late }}")], { expansion: expansion({ array: { n: [1, 2] }, failFast: false }) }),
  ]), ["out.late", "g[0].bad"]);
  expect(failed).toMatchObject({ "g[0].bad": "FAILED HANDLER_ERROR", "g[0].needs": "SKIPPED UPSTREAM", "g[1].bad": "COMPLETED" });
  expect(again).toEqual(["g[0].bad", "g[0].needs", "out.late"]);
});

test("a group that could not find its items begins from the beginning, and one that was skipped too", async () => {
  const { again } = await failThenRetry(workflow([
    group("first", [touch("list", "a b")]),
    group("g", [touch("t", "{{ n }}")], { expansion: expansion({ array: { n: "$split(list, \" \")" } }) }),
  ]), ["first.list"]);
  expect(again).toEqual(["first.list", "g[0].t", "g[1].t"]);
});

test("attempts go on counting, and a second retry does nothing more than is left", async () => {
  const definition = workflow([group("g", [touch("a", "{{ n }}")], { expansion: expansion({ array: { n: [1, 2] }, failFast: false }) })]);
  broken.clear();
  broken.add("g[0].a").add("g[1].a");
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition });
  const id = workflowId as string;
  await finished(id);
  broken.delete("g[1].a");
  await node.engine.retryWorkflow(CALLER, id);
  expect((await finished(id)).status).toBe("FAILED");
  broken.clear();
  calls.length = 0;
  await node.engine.retryWorkflow(CALLER, id);
  const done = await finished(id);
  expect([done.status, calls]).toEqual(["COMPLETED", ["g[0].a"]]);
  expect(done.counts).toMatchObject({ total: 2, completed: 2 });
  const state = await node.engine.task(done, "g[0].a");
  expect([state?.attempt, state && node.engine.attempts(state).map(({ number }) => number)]).toEqual([3, [1, 2, 3]]);
});

test("a group that ran out of time goes on where it stood, and what never began of it begins", async () => {
  const definition = workflow([group("g", [touch("a", "{{ n }}"), task("b", { handler: "delay", input: { duration: "{{ wait }}" }, dependencies: ["a"] })], {
    expansion: expansion({ array: { n: [1, 2, 3] }, maxParallel: 1 }), timeoutMs: 300,
  })]);
  broken.clear();
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition, context: { wait: "200ms" } });
  const id = workflowId as string;
  const ended = await finished(id);
  expect([ended.status, ended.counts.timedOut]).toEqual(["FAILED", ended.counts.total - ended.counts.completed]);
  const before = await taskStatuses(node, ended);
  calls.length = 0;
  for (let status: string = ended.status; status === "FAILED";) {
    await node.engine.retryWorkflow(CALLER, id);
    status = (await finished(id)).status;
  }
  const done = await finished(id);
  expect(done.counts).toMatchObject({ total: 6, completed: 6, timedOut: 0, pending: 0 });
  expect(calls.every((address) => before[address] !== "COMPLETED")).toBe(true);
});
