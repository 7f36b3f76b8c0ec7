/** The table of transitions knows every event, and follows the steps that no event tells of only when they happened. */

import { expect, test } from "vitest";
import { EVENT_TYPES } from "../../src/workflow/events.js";
import { TASK_STATUSES, isTaskEnded, isWorkflowEnded } from "../../src/workflow/status.js";
import { isWorkflowStep, taskStep, TASK_TRANSITIONS, WORKFLOW_TRANSITIONS } from "../../src/workflow/transitions.js";

test("every event of a task or a workflow makes a step, and no step has an event that there is not", () => {
  const inTable = [...TASK_TRANSITIONS, ...WORKFLOW_TRANSITIONS].flatMap(({ event }) => event ?? []);
  expect([...new Set(inTable)].sort()).toEqual(EVENT_TYPES.filter((type) => /^(TASK|WORKFLOW)_/.test(type)).sort());
});

test("what has ended stays as it is, unless the workflow is retried", () => {
  for (const { from, after } of TASK_TRANSITIONS) if (from && isTaskEnded(from)) expect(after).toBe(from === "COMPLETED" ? "UNDONE" : "RETRIED");
  for (const { from, event } of WORKFLOW_TRANSITIONS) if (from && isWorkflowEnded(from)) expect(event).toBe("WORKFLOW_RETRIED");
});

test("every task status is reached from the beginning", () => {
  const reached = new Set(["PENDING"]);
  for (const at of reached) for (const step of TASK_TRANSITIONS) if (step.from === at) reached.add(step.to);
  expect([...reached].sort()).toEqual([...TASK_STATUSES].sort());
});

test("a step without an event counts where it may have happened", () => {
  expect(taskStep("WAITING", "TASK_STARTED", "TASK")).toBe("RUNNING");
  expect(taskStep("RUNNING", "TASK_STARTED", "TASK")).toBeUndefined();
  expect(taskStep("RUNNING", "TASK_STARTED", "TASK", ["LOST"])).toBe("RUNNING");
  expect(taskStep("PENDING", "TASK_STARTED", "TASK")).toBeUndefined();
  expect(taskStep("PENDING", "TASK_STARTED", "ITEM")).toBe("RUNNING");
  expect(taskStep("FAILED", "TASK_READY", "TASK")).toBeUndefined();
  expect(taskStep("FAILED", "TASK_READY", "TASK", ["RETRIED"])).toBe("READY");
  expect(taskStep("FAILED", "TASK_READY", "EXPANDED", ["RETRIED"])).toBe("RUNNING");
  expect(taskStep("COMPLETED", "TASK_READY", "TASK", ["RETRIED", "LOST"])).toBeUndefined();
  expect(taskStep("COMPLETED", "TASK_READY", "TASK", ["RETRIED", "UNDONE"])).toBe("READY");
});

test("a workflow takes only the steps of the table", () => {
  expect(isWorkflowStep(undefined, "WORKFLOW_SUBMITTED", "PENDING")).toBe(true);
  expect(isWorkflowStep("COMPLETED", "WORKFLOW_RETRIED", "RUNNING")).toBe(false);
  expect(isWorkflowStep("CANCELLED", "WORKFLOW_RETRIED", "RUNNING")).toBe(true);
  expect(isWorkflowStep("PENDING", "WORKFLOW_COMPLETED", "COMPLETED")).toBe(false);
});
