/** What a sub-workflow leaves in its parent's context depends on definitions and results alone: not on ids, nor on what ended first. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../../src/main.js";
import type { TaskDefinition } from "../../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../../src/workflow/json.js";
import { expansion, group, oneGroup, task, workflow } from "../../support/builders.js";
import { CALLER, finished, startTestNode } from "../../support/testNode.js";
import { start } from "../control/support.js";

let node: FanwireNode;
beforeAll(async () => {
  node = await startTestNode({ config: { workerConcurrency: 4 } });
  const delay = (name: string): TaskDefinition => task(name, { handler: "delay", input: { duration: `{{ ${name}Ms }}ms` } });
  const either = { ...oneGroup(delay("one"), delay("two"), task("text", { handler: "transform", input: { expression: "size > 0 ? $pad('', size, 'x') : ''", data: { size: "{{ size }}" } } })), name: "either" };
  const fails = (name: string): TaskDefinition => task(name, { handler: "fail", input: { code: name.toUpperCase(), retryable: false }, after: [`wait${name}`] });
  const failing = {
    ...workflow([group("g", [delay("one"), delay("two"), task("waitfirst", { dependencies: ["one"] }), task("waitsecond", { dependencies: ["two"] }), fails("first"), fails("second")])]), name: "failing",
  };
  for (const definition of [either, failing]) expect((await node.engine.registerDefinition(CALLER, definition)).problems).toEqual([]);
});
afterAll(() => node.stop());

async function contextOf(definitionName: string, context: JsonObject): Promise<JsonObject> {
  const child = task("child", { handler: "workflow", input: { definitionName, context }, expansion: expansion({ array: { n: [1] }, toleratedFailures: 1, onItemFailure: "ERROR" }) });
  const id = await start(node, { definition: oneGroup(child) });
  await finished(node, id);
  return node.engine.context(id);
}

test("a child's result has its keys in one order, whichever task ends first and however large the values are", async () => {
  const keysOf = async (context: JsonObject): Promise<string[]> => Object.keys(((await contextOf("either", context)).child as JsonValue[])[0] as JsonObject);
  const sorted = ["one", "oneMs", "size", "text", "two", "twoMs"];
  expect(await keysOf({ oneMs: 60, twoMs: 1, size: 0 })).toEqual(sorted);
  expect(await keysOf({ oneMs: 1, twoMs: 60, size: 0 })).toEqual(sorted);
  // A hash with a long value gives its fields in no order.
  expect(await keysOf({ twoMs: 1, oneMs: 1, size: 500 })).toEqual(sorted);
});

test("a failed child leaves the same error in its slot, whatever its id and whichever of its tasks failed first", async () => {
  const error = { $error: { code: "CHILD_FAILED", message: "The workflow that g.child ran ended FAILED" } };
  expect((await contextOf("failing", { oneMs: 60, twoMs: 1 })).child).toEqual([error]);
  expect((await contextOf("failing", { oneMs: 1, twoMs: 60 })).child).toEqual([error]);
});
