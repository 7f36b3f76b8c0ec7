/** A definition that was accepted before is refused with another context for the same reasons as one that comes for the first time. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { AcceptedDefinitions } from "../../src/engine/AcceptedDefinitions.js";
import type { FanwireNode } from "../../src/main.js";
import type { WorkflowDefinition } from "../../src/workflow/definition.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { MAX_JSON_DEPTH } from "../../src/workflow/limits.js";
import { oneGroup, task, workflow } from "../support/builders.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ config: { keyPrefix: testPrefix() } }); });
afterAll(() => node.stop());

const definitionOf = (name: string): WorkflowDefinition => ({
  ...workflow([{ name: "g", dependencies: [], tasks: [
    task("a", { handler: "transform", input: { expression: "[$]", data: "{{ x }}" }, resultKeys: ["all"] }),
  ] }]),
  name, reducers: [{ key: "all", reducer: "CONCAT" }],
  contextSchema: { type: "object", properties: { y: { type: "string" } } },
});
const deep = (levels: number): JsonValue => (levels === 0 ? 1 : [deep(levels - 1)]);
const GOOD = { x: 1, y: "y", all: [] };

test.each<[string, JsonValue]>([
  ["a value too large", { ...GOOD, x: "x".repeat(1_100_000) }],
  ["a forbidden key", { ...GOOD, x: JSON.parse('{"__proto__": 1}') as JsonValue }],
  ["an initial value that its reducer cannot take", { ...GOOD, all: 5 }],
  ["what its schema does not allow", { ...GOOD, y: 5 }],
  ["too deep a value", { ...GOOD, x: deep(MAX_JSON_DEPTH + 1) }],
  ["a key less", { y: "y", all: [] }],
  ["no object at all", [1]],
])("%s", async (name, context) => {
  const submit = (definition: WorkflowDefinition, given: JsonValue) => node.engine.submitWorkflow(CALLER, { definition, context: given as never });
  const first = await submit(definitionOf(`first ${name}`), context);
  expect(first.problems).not.toEqual([]);
  const definition = definitionOf(`again ${name}`);
  for (let i = 0; i < 2; i++) expect((await submit(definition, GOOD)).problems).toEqual([]);
  expect(await submit(definition, context)).toEqual(first);
});

test("what comes again runs with its own context", async () => {
  const definition = oneGroup(task("a", { handler: "transform", input: { expression: "$ * 2", data: "{{ x }}" } }));
  for (const x of [1, 2, 3]) {
    const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: structuredClone(definition), context: { x } });
    await finished(node, workflowId as string);
    expect(await node.engine.context(workflowId as string)).toEqual({ x, a: 2 * x });
  }
});

test("the least used go when they take too much room, and one that is too large is not kept", () => {
  const definitions = ["one", "two", "three"].map((name) => ({ ...oneGroup(task("a")), name }));
  const [one, two, three] = definitions.map((definition) => new AcceptedDefinitions().keyOf(definition, {})) as [string, string, string];
  const accepted = new AcceptedDefinitions(2.5 * one.length);
  accepted.accept(one, definitions[0] as WorkflowDefinition);
  accepted.accept(two, definitions[1] as WorkflowDefinition);
  expect(accepted.planOf(one)?.definition.name).toBe("one");
  accepted.accept(three, definitions[2] as WorkflowDefinition);
  expect([one, two, three].map((key) => accepted.planOf(key)?.definition.name)).toEqual(["one", undefined, "three"]);
  const small = new AcceptedDefinitions(one.length - 1);
  small.accept(one, definitions[0] as WorkflowDefinition);
  expect(small.planOf(one)).toBeUndefined();
  expect(accepted.keyOf({ ...oneGroup(task("a")), name: "x" }, [])).toBeUndefined();
});
