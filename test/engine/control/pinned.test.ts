/** A workflow runs the definition that it was submitted with to its end, whatever is registered under that name meanwhile. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import type { WorkflowDefinition } from "../../../src/workflow/definition.js";
import { oneGroup, task } from "../../support/builders.js";
import { CALLER, startTestNode } from "../../support/testNode.js";
import { stopSoundly } from "../../support/soundKeys.js";
import { becomes, start, taskBecomes } from "./support.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => stopSoundly(node));

const version = (says: string): WorkflowDefinition => ({
  ...oneGroup(
    task("ask", { handler: "signal" }),
    task("said", { handler: "transform", after: ["ask"], input: { expression: `'${says}'`, data: null } }),
    task("last", { handler: "approval", after: ["said"], resultKeys: [] }),
  ), name: "pinned",
});
const register = async (says: string): Promise<void> => expect((await node.engine.registerDefinition(CALLER, version(says))).problems).toEqual([]);
const answer = (id: string, name: string, outcome: "APPROVE" | "REJECT" = "APPROVE"): Promise<unknown> => node.engine.signalTask(CALLER, { workflowId: id, task: `g.${name}`, payload: null, outcome });

test("while it runs, when it is retried, and when it is run once more", async () => {
  await register("first");
  const id = await start(node, { definitionName: "pinned" });
  await taskBecomes(node, id, "g.ask", "WAITING");
  await register("second");
  await answer(id, "ask");
  await taskBecomes(node, id, "g.last", "WAITING");
  expect(await node.engine.context(id, ["said"])).toEqual({ said: "first" });
  await answer(id, "last", "REJECT");
  await becomes(node, id, "FAILED");
  await node.engine.retryWorkflow(CALLER, id);
  await taskBecomes(node, id, "g.last", "WAITING");
  await answer(id, "last");
  expect(await becomes(node, id, "COMPLETED")).toMatchObject({ definitionVersion: 1 });
  const { workflowId: again } = await node.engine.rerunWorkflow(CALLER, id);
  await answerAll(again as string);
  expect(await node.engine.context(again as string, ["said"])).toEqual({ said: "first" });
  const newest = await start(node, { definitionName: "pinned" });
  await answerAll(newest);
  expect(await node.engine.context(newest, ["said"])).toEqual({ said: "second" });
});

async function answerAll(id: string): Promise<void> {
  for (const name of ["ask", "last"]) {
    await taskBecomes(node, id, `g.${name}`, "WAITING");
    await answer(id, name);
  }
  await becomes(node, id, "COMPLETED");
}
