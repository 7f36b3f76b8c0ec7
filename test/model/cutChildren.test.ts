/** Sub-workflows that are cancelled with what they run for, which arbitrary workflows seldom come to: they undo what completed, as the reference has it. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import type { Handler } from "../../src/engine/handlers.js";
import type { ExpansionDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";
import { expansion, oneGroup, task, workflow, group } from "../support/builders.js";
import { CALLER, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { echoesHandler } from "./batches.js";
import { echoHandler, MODEL_HANDLERS } from "./handlers.js";
import { runModel } from "./referenceModel.js";
import { checkCase } from "./runCase.js";
import { Children } from "./runChild.js";

let held = Promise.resolve();
/** Fails once it may. */
const heldHandler = (mayFail: () => Promise<void>): Handler => ({
  name: "held", description: "Fails once it may.", builtIn: false,
  async run() {
    await mayFail();
    throw new Error("as asked");
  },
});

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => {
  node = await startTestNode({ handlers: [echoHandler, echoesHandler, heldHandler(() => held)], config: { keyPrefix } });
});
afterAll(() => node.stop());

const undo = { handler: "echo", input: { value: { undone: "{{ $result }}", because: "{{ $error.code & ' of ' & $error.task }}" } } };
const child: WorkflowDefinition = {
  ...workflow([group("g", [
    task("first", { handler: "echo", input: { value: "{{ n }}" }, compensate: undo }),
    task("slow", { handler: "delay", input: { duration: "1h" }, after: ["first"] }),
  ])]), name: "cut",
};
const calls = { handler: "workflow", input: { definitionName: child.name, context: { n: 7 } } };

/** Runs it until the child's first task has completed, and then lets it fail. Answers how each child ended, with what undid its task. */
async function cutOff(definition: WorkflowDefinition): Promise<unknown[]> {
  const model = await runModel(definition, {}, new Map([...MODEL_HANDLERS, ["held", heldHandler(() => Promise.resolve())]]), { items: 9, characters: 9_999 }, new Children([child]));
  let release = (): void => {};
  held = new Promise((resolve) => { release = resolve; });
  const running = checkCase([node, node], keyPrefix, { definition, context: {}, children: [child] }, model);
  const firsts = async (): Promise<string[]> => {
    const { edges } = await node.engine.workflows(CALLER, { status: ["RUNNING"] }, { first: 9 });
    const details = await Promise.all(edges.map((edge) => node.engine.workflowDetail(CALLER, edge.node.id)));
    return details.flatMap((detail) => (detail?.parent ? [detail.tasks[0]?.status ?? ""] : []));
  };
  await waitFor(async () => (await firsts()).includes("COMPLETED"), { what: "the child's first task to complete" });
  release();
  const [, ...ids] = await running;
  const details = await Promise.all(ids.map((id) => node.engine.workflowDetail(CALLER, id)));
  return details.map((detail) => [detail?.status, detail?.tasks.map(({ address, status }) => `${address} ${status}`)]);
}

const cancelled = ["CANCELLED", ["g.first COMPLETED", "g.slow CANCELLED", "g.first!compensate COMPLETED"]];

test("a task's child, when the workflow fails fast", async () => {
  expect(await cutOff({ ...oneGroup(task("runs", calls), task("fails", { handler: "held" })), onFailure: "FAIL_FAST" })).toEqual([cancelled]);
});

test("a task's child in an instance, when the instance's group fails fast", async () => {
  const each = group("each", [task("runs", calls), task("fails", { handler: "held" })], { onFailure: "FAIL_FAST", expansion: expansion({ array: { v: [1] } }) as ExpansionDefinition });
  expect(await cutOff(workflow([each]))).toEqual([cancelled]);
});
