/** Between the API and the domain: defaults are applied, null means "not given", events keep their kind. */

import { describe, expect, test } from "vitest";
import { presentEvent, toWorkflowDefinition, toWorkflowQuery } from "../../src/api/present.js";
import { ContextEvent, GroupEvent, TaskEvent, WorkflowStatusEvent } from "../../src/api/types/WorkflowEvent.js";
import type { TaskInput } from "../../src/api/inputs/TaskInput.js";
import type { TaskDefinition } from "../../src/workflow/definition.js";

function toTask(task: Partial<TaskInput>): TaskDefinition | undefined {
  return toWorkflowDefinition({ name: "w", groups: [{ name: "g", tasks: [{ name: "t", handler: "log", ...task }] }] }).groups[0]?.tasks[0];
}

const BARE_TASK = {
  name: "t", handler: "log", dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [], onFailure: "FAIL",
};

describe("definitions", () => {
  test("a bare definition gets every default and nothing else", () => {
    expect(toWorkflowDefinition({ name: "w", groups: [{ name: "g" }] })).toEqual({
      name: "w", groups: [{ name: "g", tasks: [], dependencies: [] }], onFailure: "CONTINUE",
    });
    expect(toTask({})).toStrictEqual(BARE_TASK);
  });

  test("null in every optional field says the same as leaving it out", () => {
    expect(toTask({
      input: null, dependencies: null, optionalDependencies: null, after: null, resultKeys: null, optionalResultKeys: null, when: null,
      expansion: null, retry: null, timeout: null, onFailure: null, fallback: null, queue: null,
    })).toStrictEqual(BARE_TASK);
  });

  test("under FALLBACK, null is a fallback like any other", () => {
    expect(toTask({ onFailure: "FALLBACK", fallback: null })).toHaveProperty("fallback", null);
    expect(toTask({ onFailure: "FALLBACK" })).not.toHaveProperty("fallback");
  });

  test("values that are false, zero or empty are given", () => {
    expect(toTask({ input: false, timeout: 0, when: "", fallback: 0 })).toMatchObject({ input: false, timeoutMs: 0, when: "", fallback: 0 });
  });

  test("an empty retry is the documented default", () => {
    expect(toTask({ retry: {} })?.retry).toEqual({
      maxAttempts: 3, initialDelayMs: 1_000, factor: 2, maxDelayMs: 60_000, jitter: true, nonRetryable: [],
    });
  });

  test("an expansion keeps what it expands by and gets its defaults", () => {
    expect(toTask({ expansion: { matrix: { x: [1], y: "ys" }, exclude: [{ x: 1 }], toleratedFailures: 0 } })?.expansion).toStrictEqual({
      matrix: { x: [1], y: "ys" }, exclude: [{ x: 1 }], toleratedFailures: 0,
      outputFormat: "MERGE", flatten: false, nested: false, failFast: true, onItemFailure: "DROP",
    });
  });

  test("JSON reaches the definition as the very same value, own __proto__ included", () => {
    const input = JSON.parse('{"__proto__": {"x": 1}}') as never;
    expect(toTask({ input })?.input).toBe(input);
  });
});

test("an absent filter asks for everything", () => {
  expect(toWorkflowQuery(undefined)).toEqual({});
  expect(toWorkflowQuery({ name: null, submittedAfter: 5, status: ["FAILED"] })).toEqual({ submittedAfterMs: 5, status: ["FAILED"] });
});

test("each kind of event becomes the GraphQL type of that kind", () => {
  const common = { cursor: "c", seq: 1, atMs: 5, workflowId: "w" };
  const workflow = presentEvent({ ...common, kind: "workflow", type: "WORKFLOW_FAILED", status: "FAILED" });
  const group = presentEvent({ ...common, kind: "group", type: "GROUP_STARTED", group: "g" });
  const task = presentEvent({ ...common, kind: "task", type: "TASK_PROGRESS", task: "g.t", node: 0, attempt: 1, progress: { percent: 5, atMs: 7 } });
  const context = presentEvent({ ...common, kind: "context", type: "CONTEXT_UPDATED", keys: ["k"] });
  expect([workflow, group, task, context].map(({ constructor }) => constructor)).toEqual([WorkflowStatusEvent, GroupEvent, TaskEvent, ContextEvent]);
  expect(task).toMatchObject({ at: 5, seq: 1, cursor: "c", workflowId: "w", progress: { percent: 5, at: 7 } });
});
