/** A worker that holds the same task of several instances under one claim gets all its room back. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Handler } from "../../src/engine/handlers.js";
import type { FanwireNode } from "../../src/main.js";
import { expansion, group, task, workflow } from "../support/builders.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";

let now = 0;
let most = 0;
const slow: Handler = {
  name: "slow", description: "Takes a moment, and counts how many do.", builtIn: false,
  run: async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 20));
    now--;
    return 1;
  },
};
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [slow], config: { workerConcurrency: 4 } }); });
afterAll(() => node.stop());

test("as many instances run at once after others have ended as before", async () => {
  const definition = workflow([group("each", [task("t", { handler: "slow", input: "{{ n }}" })], { expansion: expansion({ array: { n: [1, 2, 3, 4, 5, 6, 7, 8] } }) })]);
  for (let i = 0; i < 3; i++) {
    most = 0;
    const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition });
    expect((await finished(node, workflowId as string)).status).toBe("COMPLETED");
    expect(most).toBe(4);
  }
});
