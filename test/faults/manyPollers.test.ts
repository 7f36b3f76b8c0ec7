/** Many processes look for timers that are due, and thousands are due at once: each fires once. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { CALLER, eventsOf, startTestNode, testPrefix } from "../support/testNode.js";
import { completions, expectNothingLeft, expectWholeLog } from "./checks.js";

const POLLERS = 5;
const TIMERS = 2_000;

const keyPrefix = testPrefix();
let nodes: FanwireNode[];
beforeAll(async () => { nodes = await Promise.all(Array.from({ length: POLLERS }, () => startTestNode({ config: { keyPrefix } }))); });
afterAll(() => Promise.all(nodes.map((node) => node.stop())));

test("two thousand delays that end together, before five pollers, complete once each", async () => {
  const node = nodes[0] as FanwireNode;
  const { workflowId } = await node.engine.submitWorkflow(CALLER, {
    definition: oneGroup(
      task("each", { handler: "delay", input: { duration: "500ms" }, expansion: expansion({ array: { x: `[1..${TIMERS}]` }, maxParallel: TIMERS }) }),
      task("count", { handler: "transform", input: { expression: "$count($)", data: "{{ each }}" } }),
    ),
  });
  const events = await eventsOf(node, workflowId as string);
  expectWholeLog(events);
  expect(completions(events)).toHaveLength(TIMERS + 2);
  expect(await node.engine.context(workflowId as string, ["count"])).toEqual({ count: TIMERS });
  await expectNothingLeft(node, keyPrefix);
}, 60_000);
