/** A definition may hold ten thousand tasks: what one of them releases, skips or cancels at once must fit one step. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { TaskDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import { oneGroup, task } from "../support/builders.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";

const WIDTH = 9_500;
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => node.stop());

function fanOf(first: Partial<TaskDefinition>, rest: Partial<TaskDefinition> = {}): WorkflowDefinition {
  return oneGroup(task("root", first), ...Array.from({ length: WIDTH }, (_, i) => task(`t${i}`, { after: ["root"], resultKeys: [], ...rest })));
}

async function submit(definition: WorkflowDefinition): Promise<string> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition });
  expect(problems).toEqual([]);
  return workflowId as string;
}

test("one task releases all the others", async () => {
  const done = await finished(node, await submit(fanOf({})));
  expect(done).toMatchObject({ status: "COMPLETED", counts: { total: WIDTH + 1, completed: WIDTH + 1 } });
});

test("one failure skips all the others", async () => {
  const done = await finished(node, await submit(fanOf({ handler: "fail" })));
  expect(done).toMatchObject({ status: "FAILED", counts: { failed: 1, skipped: WIDTH } });
});

test("a cancelled workflow cancels all that were released", async () => {
  const id = await submit(fanOf({}, { handler: "delay", input: { duration: "1h" } }));
  const released = node.events.subscribe(id, { types: ["TASK_WAITING"] });
  await released.next();
  await released.return?.();
  expect(await node.engine.cancelWorkflow(CALLER, id)).toEqual({ problems: [] });
  const done = await finished(node, id);
  expect(done).toMatchObject({ status: "CANCELLED", counts: { completed: 1, cancelled: WIDTH } });
});
