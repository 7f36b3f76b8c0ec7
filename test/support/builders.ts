/** Makes definitions for tests: the defaults of the API, and what the test is about on top. */

import type { ExpansionDefinition, RetryDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../../src/workflow/definition.js";

/** A task that runs the handler `log`. */
export function task(name: string, parts: Partial<TaskDefinition> = {}): TaskDefinition {
  return { name, handler: "log", dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [], onFailure: "FAIL", ...parts };
}

export function group(name: string, tasks: TaskDefinition[], parts: Partial<TaskGroupDefinition> = {}): TaskGroupDefinition {
  return { name, tasks, dependencies: [], ...parts };
}

export function workflow(groups: TaskGroupDefinition[], parts: Partial<WorkflowDefinition> = {}): WorkflowDefinition {
  return { name: "test", groups, onFailure: "CONTINUE", ...parts };
}

/** A workflow of one group, `g`. */
export function oneGroup(...tasks: TaskDefinition[]): WorkflowDefinition {
  return workflow([group("g", tasks)]);
}

export function expansion(parts: Partial<ExpansionDefinition>): ExpansionDefinition {
  return { outputFormat: "MERGE", flatten: false, nested: false, failFast: true, onItemFailure: "DROP", ...parts };
}

export function retry(parts: Partial<RetryDefinition> = {}): RetryDefinition {
  return { maxAttempts: 3, initialDelayMs: 1_000, factor: 2, maxDelayMs: 60_000, jitter: true, nonRetryable: [], ...parts };
}
