/** A failure stops what the innermost word about failures says: a group with all inside it, the workflow, or nothing. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Handler } from "../../../src/engine/handlers.js";
import type { FanwireNode } from "../../../src/main.js";
import { expansion, group, task, workflow } from "../../support/builders.js";
import { CALLER, finished, startTestNode } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { becomes, codes, logOf, start } from "../control/support.js";
import { expectWholeLog } from "../../faults/checks.js";

let aborted = 0;
let running = 0;
/** Runs until it is told to stop. */
const stuck: Handler = {
  name: "stuck", description: "Runs until it is told to stop.", builtIn: false,
  run: ({ signal }) => new Promise((_, reject) => {
    running++;
    signal.addEventListener("abort", () => {
      aborted++;
      reject(new Error("stopped"));
    });
  }),
};
let node: FanwireNode;
beforeAll(async () => { node = await startTestNode({ handlers: [stuck] }); });
afterAll(() => node.stop());

const bad = (name = "bad", parts: Parameters<typeof task>[1] = {}): ReturnType<typeof task> => task(name, { handler: "fail", input: { code: "BAD", retryable: false, untilAttempt: 2, result: 1 }, ...parts });

test("FAIL_FAST of a group cancels what is open in it and inside it, and nothing else; what needs the cancelled is skipped", async () => {
  const id = await start(node, { definition: workflow([
    group("g", [task("runs", { handler: "stuck" }), task("asks", { handler: "signal" }), task("pending", { after: ["asks"] }), bad("bad", { after: ["gate"] }), task("gate", { handler: "delay", input: { duration: "200ms" } })], {
      onFailure: "FAIL_FAST", groups: [group("inner", [task("items", { handler: "stuck", expansion: expansion({ array: { n: [1, 2] } }) })])],
    }),
    group("h", [task("beside", { handler: "delay", input: { duration: "600ms" } }), task("reads", { input: "{{ asks }}" }), task("can", { input: "{{ asks ?? 1 }}" })]),
  ]) });
  await waitFor(() => running === 3, { what: "all that runs" });
  const done = await finished(node, id);
  expect(done.status).toBe("FAILED");
  expect(done.error).toMatchObject({ code: "BAD", task: "g.bad" });
  expect(done.tasks.map(({ address, status }) => `${address} ${status}`)).toEqual([
    "g.runs CANCELLED", "g.asks CANCELLED", "g.pending CANCELLED", "g.bad FAILED", "g.gate COMPLETED", "g.inner.items CANCELLED",
    "h.beside COMPLETED", "h.reads SKIPPED", "h.can COMPLETED",
  ]);
  expect(done.counts).toMatchObject({ pending: 0, ready: 0, running: 0, waiting: 0, cancelled: 5 });
  expect(aborted).toBe(3);
  const log = await logOf(node, id);
  expectWholeLog(log);
  expect(log.flatMap((event) => (event.kind === "group" && event.type !== "GROUP_STARTED" ? [`${event.type} ${event.group}`] : []))).toEqual([
    "GROUP_FAILED g.inner", "GROUP_FAILED g", "GROUP_COMPLETED h",
  ]);
});

test("the innermost word wins, over an outer group and over the workflow", async () => {
  const wait = task("wait", { handler: "delay", input: { duration: "100ms" } });
  const calm = await finished(node, await start(node, { definition: workflow([
    group("outer", [wait], { onFailure: "FAIL_FAST", groups: [group("inner", [bad(), { ...wait, name: "inside" }], { onFailure: "CONTINUE" })] }),
  ], { onFailure: "FAIL_FAST" }) }));
  expect(calm.tasks.map(({ status }) => status)).toEqual(["COMPLETED", "FAILED", "COMPLETED"]);
  const strict = await finished(node, await start(node, { definition: workflow([
    group("outer", [wait], { onFailure: "CONTINUE", groups: [group("inner", [bad(), { ...wait, name: "inside" }], { onFailure: "FAIL_FAST" })] }),
  ]) }));
  expect(strict.tasks.map(({ status }) => status)).toEqual(["COMPLETED", "FAILED", "CANCELLED"]);
  const inherited = await finished(node, await start(node, { definition: workflow([
    group("outer", [wait], { onFailure: "FAIL_FAST", groups: [group("inner", [bad()])] }), group("beside", [{ ...wait, name: "out" }]),
  ]) }));
  expect(inherited.tasks.map(({ status }) => status)).toEqual(["CANCELLED", "FAILED", "COMPLETED"]);
});

test("a failure that is ignored stops nothing", async () => {
  const done = await finished(node, await start(node, { definition: workflow([
    group("g", [bad("ignored", { onFailure: "IGNORE" }), task("wait", { handler: "delay", input: { duration: "50ms" } })], { onFailure: "FAIL_FAST" }),
  ]) }));
  expect([done.status, ...done.tasks.map(({ status }) => status)]).toEqual(["COMPLETED", "FAILED", "COMPLETED"]);
});

test("retryWorkflow runs the cancelled and those that were skipped because of them", async () => {
  const id = await start(node, { definition: workflow([
    group("g", [bad(), task("asks", { handler: "delay", input: { duration: "200ms" } })], { onFailure: "FAIL_FAST" }), group("h", [task("reads", { input: "{{ asks }}" })]),
  ]) });
  expect((await finished(node, id)).tasks.map(({ status }) => status)).toEqual(["FAILED", "CANCELLED", "SKIPPED"]);
  expect(codes(await node.engine.retryWorkflow(CALLER, id))).toEqual([]);
  await becomes(node, id, "COMPLETED");
});
