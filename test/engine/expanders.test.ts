/** Expanders: found by name, given their arguments, held to lists of objects and to their time. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { BUILT_IN_EXPANDERS } from "../../src/workflow/builtInExpanders.js";
import { defineExpander } from "../../src/engine/defineExpander.js";
import type { Expander, ExpanderContext } from "../../src/workflow/expander.js";
import { ExpanderRegistry } from "../../src/engine/expanders.js";
import type { WorkflowDetail } from "../../src/engine/snapshot.js";
import type { FanwireNode } from "../../src/main.js";
import { FanwireError, type Problem } from "../../src/errors.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";
import { expansion, oneGroup, retry, task } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

let seen: ExpanderContext[] = [];
let attempts = 0;
const listed: Expander = defineExpander({
  name: "listed", description: "What its arguments say.",
  expand: async (context) => {
    seen.push(context);
    const { rows } = context.args as { rows: JsonObject[] };
    return Promise.resolve(rows);
  },
});
const flaky = defineExpander({ name: "flaky", description: "Fails once.", expand: () => { if (++attempts === 1) throw new Error("not yet"); return [{ n: 1 }]; } });
const coded = defineExpander({ name: "coded", description: "Fails with a code.", expand: () => { throw new FanwireError("NO_ROWS", "there are none", { retryable: false }); } });
const endless = defineExpander({ name: "endless", description: "Never ends.", timeoutMs: 20, expand: (context) => { seen.push(context); return new Promise(() => undefined); } });

const keyPrefix = testPrefix();
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ expanders: [listed, flaky, coded, endless], config: { keyPrefix } }); });
afterAll(() => node.stop());

function expanded(custom: { expander?: string; expression?: string; args?: JsonValue }, more: Partial<TaskDefinition> = {}): TaskDefinition {
  return task("each", { handler: "transform", input: { expression: "$", data: "{{ n }}" }, expansion: expansion({ custom }), ...more });
}
async function problemsOf(each: TaskDefinition, on = node): Promise<Problem[]> {
  return (await on.engine.submitWorkflow(CALLER, { definition: oneGroup(each) })).problems;
}
async function run(each: TaskDefinition, context: JsonObject = {}): Promise<{ detail: WorkflowDetail; context: JsonObject }> {
  const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(each), context });
  expect(problems).toEqual([]);
  const detail = await finished(node, workflowId as string);
  return { detail, context: await node.engine.context(workflowId as string) };
}

test("it gets its arguments resolved and the keys that the task reads, and its objects are the items' variables", async () => {
  seen = [];
  const { context } = await run(expanded({ expander: "listed", args: { rows: "{{ rows }}" } }, { dependencies: ["limit"] }), { rows: [{ n: 3 }, { n: 4 }], limit: 7, other: 1 });
  expect(context.each).toEqual([3, 4]);
  expect(seen).toMatchObject([{ args: { rows: [{ n: 3 }, { n: 4 }] }, context: { rows: [{ n: 3 }, { n: 4 }], limit: 7 } }]);
  expect(seen[0]?.context).not.toHaveProperty("other");
});

test.each<[string, JsonValue, string]>([
  ["no list", { n: 1 }, "EXPANSION_NOT_LIST"], ["a list of something else", [1], "EXPANSION_NOT_LIST"], ["nothing", null, "EXPANSION_NOT_LIST"],
])("what gives %s fails the task", async (_what, rows, code) => {
  const { detail } = await run(expanded({ expander: "listed", args: { rows: "{{ rows }}" } }), { rows });
  expect(detail.error).toMatchObject({ code, task: "g.each" });
});

test("an error without a code is EXPANDER_ERROR, and another attempt may do better; one with a code keeps it", async () => {
  attempts = 0;
  const once = await run(expanded({ expander: "flaky" }));
  expect(once.detail.error).toMatchObject({ code: "EXPANDER_ERROR", message: "The expander flaky failed: not yet" });
  attempts = 0;
  expect((await run(expanded({ expander: "flaky" }, { retry: retry({ initialDelayMs: 1, jitter: false }) }))).context.each).toEqual([1]);
  expect((await run(expanded({ expander: "coded" }, { retry: retry() }))).detail.error).toMatchObject({ code: "NO_ROWS" });
});

test("one that takes too long is TIMEOUT, and its signal fires", async () => {
  seen = [];
  expect((await run(expanded({ expander: "endless" }))).detail.error).toMatchObject({ code: "TIMEOUT" });
  expect(seen[0]?.signal.aborted).toBe(true);
});

test.each<[JsonValue, JsonValue]>([
  [{ from: 1, to: 3 }, [1, 2, 3]], [{ from: 3, to: 1 }, [3, 2, 1]], [{ from: 0, to: 1, step: 0.25 }, [0, 0.25, 0.5, 0.75, 1]], [{ from: 1, to: 6, step: 2 }, [1, 3, 5]],
  [{ from: 1, to: 0, step: 1 }, []], [{ from: 5, to: 5 }, [5]], [{ from: 0, to: 0.3, step: 0.1 }, [0, 0.1, 0.2, 0.30000000000000004]],
])("range of %j is %j", async (args, numbers) => {
  expect((await run(expanded({ expander: "range", args }))).context.each).toEqual(numbers);
});

test("chunks are the list in parts with their positions", async () => {
  const each = expanded({ expander: "chunks", args: { list: "{{ xs }}", size: 2 } }, { input: { expression: "$", data: { c: "{{ chunk }}", from: "{{ from }}" } } });
  expect((await run(each, { xs: [1, 2, 3] })).context.each).toEqual([{ c: [1, 2], from: 0 }, { c: [3], from: 2 }]);
  expect((await run(each, { xs: [] })).context.each).toEqual([]);
});

test.each<[string, JsonValue, string]>([
  ["range", { from: 1 }, "to is missing"], ["range", { from: 1, to: "2" }, "not a number"], ["range", { from: 1, to: 2, step: 0 }, "step is 0"],
  ["range", { from: 1, to: 2, by: 1 }, "no field by"], ["range", 3, "not an object"], ["chunks", { list: 1, size: 1 }, "not a list"], ["chunks", { list: [], size: 0 }, "at least 1"],
])("the arguments of %s are held to what it takes: %j", async (expander, args, message) => {
  const { error } = (await run(expanded({ expander, args }))).detail;
  expect(error?.code).toBe("INPUT_INVALID");
  expect(error?.message).toContain(message);
});

test("a range of too many numbers is EXPANSION_TOO_LARGE, and is not made", async () => {
  expect((await run(expanded({ expander: "range", args: { from: 1, to: 1_000_001 } }))).detail.error).toMatchObject({ code: "EXPANSION_TOO_LARGE" });
});

test("a definition is told what does not go with an expander, and who was meant", async () => {
  const path = "groups[0].tasks[0].expansion.custom";
  expect(await problemsOf(expanded({ expander: "rnage" }))).toMatchObject([{ code: "UNKNOWN_EXPANDER", path: `${path}.expander`, hint: "Did you mean range?" }]);
  expect(await problemsOf(expanded({ expander: "something_else" }))).toMatchObject([{ code: "UNKNOWN_EXPANDER" }]);
  expect(await problemsOf(expanded({ expander: "range", expression: "[]" }))).toMatchObject([{ code: "EXPANSION_OPTION", path }]);
  expect(await problemsOf(expanded({}))).toMatchObject([{ code: "REQUIRED", path: `${path}.expression` }]);
  expect(await problemsOf(expanded({ expression: "[]", args: 1 }))).toMatchObject([{ code: "EXPANSION_OPTION", path: `${path}.args` }]);
  expect(await problemsOf(expanded({ expander: "range", args: { from: "{{ nowhere }}" } }))).toMatchObject([{ code: "UNKNOWN_KEY", path: `${path}.args.from` }]);
});

test("names, time limits and doubles are refused at registration", () => {
  const expand = (): [] => [];
  expect(() => defineExpander({ name: "no name", description: "", expand })).toThrow("no name for an expander");
  expect(() => defineExpander({ name: "a", description: "", timeoutMs: 0, expand })).toThrow("from 1 to 600000 ms");
  expect(() => new ExpanderRegistry([...BUILT_IN_EXPANDERS])).toThrow("Two expanders are named range");
});

test("items are found by a process that has the expander, whoever takes the submission", async () => {
  const other = await startTestNode({ config: { keyPrefix } });
  try {
    const each = expanded({ expander: "listed", args: { rows: [{ n: 1 }] } });
    for (let i = 0; i < 5; i++) {
      const { workflowId, problems } = await other.engine.submitWorkflow(CALLER, { definition: oneGroup(each) });
      expect(problems).toEqual([]);
      await finished(other, workflowId as string);
      expect((await other.engine.context(workflowId as string)).each).toEqual([1]);
    }
  } finally {
    await other.stop();
  }
});

test("a task whose expander nobody has any more says so, and goes on when somebody has it again", async () => {
  const prefix = testPrefix();
  const first = await startTestNode({ expanders: [listed], config: { keyPrefix: prefix, worker: false } });
  const stays = await startTestNode({ config: { keyPrefix: prefix } });
  let later: FanwireNode | undefined;
  try {
    const { workflowId } = await first.engine.submitWorkflow(CALLER, { definition: oneGroup(expanded({ expander: "listed", args: { rows: [{ n: 1 }] } })) });
    const id = workflowId as string;
    const reasons = async (): Promise<unknown> => (await stays.engine.workflowDetail(CALLER, id))?.tasks[0]?.waitingFor;
    await waitFor(async () => JSON.stringify(await reasons()).includes("no process that is alive has the expander listed"), { what: "the reason" });
    later = await startTestNode({ expanders: [listed], config: { keyPrefix: prefix } });
    expect((await finished(stays, id)).status).toBe("COMPLETED");
  } finally {
    await Promise.all([first.stop(), stays.stop(), later?.stop()]);
  }
});
