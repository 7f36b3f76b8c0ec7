/** The fold lets pass what may happen, and fails at what may not. */

import { expect, test } from "vitest";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { foldLog, type FoldOptions, type Folded } from "./checkLog.js";

/** `TASK_STARTED 1`, of task g.a; `TASK_STARTED[0] 1`, of its first item; `WORKFLOW_PAUSED PAUSED`; `TASK_EXPANDED 2`: items. */
function fold(lines: string, options?: FoldOptions): Folded {
  const events = lines.split(", ").map((line, i): WorkflowEvent => {
    const [, type, item, rest] = /^(\w+)(?:\[(\d+)\])?(?: (\w+))?$/.exec(line) as unknown as [string, WorkflowEvent["type"], string | undefined, string];
    const base = { seq: i + 1, cursor: "", atMs: 0, workflowId: "w" };
    if (type.startsWith("WORKFLOW_")) return { ...base, kind: "workflow", type, status: rest } as WorkflowEvent;
    if (type.startsWith("GROUP_")) return { ...base, kind: "group", type, group: "g" } as WorkflowEvent;
    const attempt = type === "TASK_EXPANDED" ? { attempt: 1, itemCount: Number(rest) } : { attempt: Number(rest ?? 0) };
    return { ...base, kind: "task", type, task: "g.a", node: 0, ...attempt, ...(item === undefined ? {} : { itemIndex: Number(item) }) } as WorkflowEvent;
  });
  return foldLog(events, ["g.a"], options);
}

const BEGIN = "WORKFLOW_SUBMITTED PENDING, GROUP_STARTED, TASK_READY, WORKFLOW_STARTED RUNNING";
const END = "TASK_COMPLETED 1, GROUP_COMPLETED, WORKFLOW_COMPLETED COMPLETED";

test.each([
  ["a plain run", `${BEGIN}, TASK_STARTED 1, ${END}`],
  ["a retry", `${BEGIN}, TASK_STARTED 1, TASK_RETRYING 1, TASK_STARTED 2, TASK_COMPLETED 2, GROUP_COMPLETED, WORKFLOW_COMPLETED COMPLETED`],
  ["a pause", `${BEGIN}, TASK_STARTED 1, WORKFLOW_PAUSED PAUSED, TASK_WAITING 1, WORKFLOW_RESUMED RUNNING, ${END}`],
  ["items", `${BEGIN}, TASK_STARTED 1, TASK_EXPANDED 1, TASK_STARTED[0] 1, TASK_COMPLETED[0] 1, ${END}`],
  ["a workflow that is retried", `${BEGIN}, TASK_STARTED 1, TASK_FAILED 1, GROUP_FAILED, WORKFLOW_FAILED FAILED, WORKFLOW_RETRIED RUNNING, GROUP_STARTED, TASK_READY, TASK_STARTED 2, TASK_COMPLETED 2, GROUP_COMPLETED, WORKFLOW_COMPLETED COMPLETED`],
])("%s passes", (_what, lines) => {
  expect(fold(lines).status).toBe("COMPLETED");
  expect(fold(lines).counts).toMatchObject({ total: 1, completed: 1 });
});

test.each([
  ["a start that nothing made ready", "WORKFLOW_SUBMITTED PENDING, WORKFLOW_STARTED RUNNING, TASK_STARTED 1"],
  ["a second end", `${BEGIN}, TASK_STARTED 1, TASK_COMPLETED 1, TASK_COMPLETED 1`],
  ["a second start of an attempt", `${BEGIN}, TASK_STARTED 1, TASK_STARTED 1`],
  ["an attempt left out", `${BEGIN}, TASK_STARTED 2`],
  ["a start while it is paused", `${BEGIN}, WORKFLOW_PAUSED PAUSED, TASK_STARTED 1`],
  ["an item before the expansion", `${BEGIN}, TASK_STARTED 1, TASK_STARTED[0] 1`],
  ["an item beyond the last", `${BEGIN}, TASK_STARTED 1, TASK_EXPANDED 1, TASK_STARTED[1] 1`],
  ["a group that ends before its tasks", `${BEGIN}, TASK_STARTED 1, GROUP_COMPLETED`],
  ["a group that starts twice", `${BEGIN}, GROUP_STARTED`],
  ["a step out of an end", `${BEGIN}, TASK_STARTED 1, TASK_FAILED 1, TASK_READY`],
  ["something after the workflow's end", `${BEGIN}, TASK_STARTED 1, ${END}, TASK_READY`],
  ["a completed workflow that is retried", `${BEGIN}, TASK_STARTED 1, ${END}, WORKFLOW_RETRIED RUNNING`],
  ["a resumption of what was not paused", `${BEGIN}, WORKFLOW_RESUMED RUNNING`],
])("%s fails", (_what, lines) => {
  expect(() => fold(lines, { open: true })).toThrow();
});

test("an attempt starts again where workers may be lost, and a log without an end passes where the workflow may be open", () => {
  expect(fold(`${BEGIN}, TASK_STARTED 1, TASK_STARTED 1, ${END}`, { losses: true }).status).toBe("COMPLETED");
  expect(fold(BEGIN, { open: true }).status).toBe("RUNNING");
  expect(() => fold(BEGIN)).toThrow("the end is the last event");
});

/** `READY of <address>` and the like, in a workflow whose one group has two instances of one task. */
function foldInstances(lines: string): Folded {
  const parts = ["WORKFLOW_SUBMITTED", "GROUP_STARTED of e", "WORKFLOW_STARTED", "EXPANDED of e", ...lines.split(", ")];
  const events = parts.map((part, i): WorkflowEvent => {
    const [what, address] = part.split(" of ") as [string, string];
    const base = { seq: i + 1, cursor: "", atMs: 0, workflowId: "w" };
    if (what.startsWith("WORKFLOW_")) return { ...base, kind: "workflow", type: what, status: { SUBMITTED: "PENDING", STARTED: "RUNNING" }[what.slice(9)] } as WorkflowEvent;
    if (what.startsWith("GROUP_")) return { ...base, kind: "group", type: what, group: address } as WorkflowEvent;
    return { ...base, kind: "task", type: `TASK_${what}`, task: address, node: address === "e" ? 0 : 1, attempt: what === "READY" ? 0 : 1, itemCount: 2 } as WorkflowEvent;
  });
  return foldLog(events, [], { open: true, nodes: [{ kind: "GROUP", address: "e", needs: [], scope: undefined }] });
}

test("what completed in an instance may be undone when that has ended; what did not complete, or is unknown, may not", () => {
  const runs = "GROUP_STARTED of e[0], READY of e[0].a, STARTED of e[0].a";
  const undone = ", READY of e[0].a!compensate, STARTED of e[0].a!compensate, COMPLETED of e[0].a!compensate";
  expect(foldInstances(`${runs}, COMPLETED of e[0].a, GROUP_COMPLETED of e[0]${undone}`).tasks.get("e[0].a!compensate")?.status).toBe("COMPLETED");
  for (const lines of [`${runs}, FAILED of e[0].a, GROUP_FAILED of e[0]`, runs, "GROUP_STARTED of e[0]"]) expect(() => foldInstances(`${lines}${undone}`), lines).toThrow("e[0].a!compensate");
});
