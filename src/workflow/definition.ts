/** What a client writes: a workflow definition, with the defaults of the API already applied. Durations are milliseconds. */

import type { JsonObject, JsonValue } from "./json.js";

export interface WorkflowDefinition {
  name: string;
  description?: string;
  groups: TaskGroupDefinition[];
  /** Context keys that may arrive while it runs. Absent: none. */
  externalKeys?: string[];
  /** Context keys that its session gets when it completes. Absent: none. */
  exports?: string[];
  onFailure: FailurePolicy;
  /** From submission (or retryWorkflow) to the end. */
  timeoutMs?: number;
  /** JSON Schema of the initial context, as an object of its keys. */
  contextSchema?: JsonValue;
  /** Keys that several tasks write, or that the initial context holds too; absent: none. */
  reducers?: ReducerDefinition[];
}

/** How the results that tasks write under one key become its value, see reducers.ts. */
export interface ReducerDefinition {
  key: string;
  reducer: Reducer;
}

export interface TaskGroupDefinition {
  name: string;
  tasks: TaskDefinition[];
  /** Nested groups, up to 16 levels with the top one. */
  groups?: TaskGroupDefinition[];
  /** Context keys that all its tasks wait for, those of nested groups too. */
  dependencies: string[];
  /** The whole group runs once per item, each time in a child scope of the context. */
  expansion?: ExpansionDefinition;
  /** Keys that an expanded group hands to the scope around it. Absent: all that its tasks write. */
  resultKeys?: string[];
  /** How many of its tasks and items, nested ones included, are under way at once. */
  maxParallel?: number;
  /** From its start to the end of its last task. */
  timeoutMs?: number;
  /** Absent: what the group around it, and in the end the workflow, says. */
  onFailure?: FailurePolicy;
}

export interface TaskDefinition {
  name: string;
  handler: string;
  input?: JsonValue;
  dependencies: string[];
  optionalDependencies: string[];
  after: string[];
  /** Absent: one key, the task's own name. */
  resultKeys?: string[];
  optionalResultKeys: string[];
  when?: string;
  expansion?: ExpansionDefinition;
  /** A condition on `$result`: of a plain task, or of each item. */
  validate?: string;
  /** JSON Schema of the result: of a plain task, or of each item. */
  resultSchema?: JsonValue;
  /** Absent: one attempt. */
  retry?: RetryDefinition;
  /** Of one attempt. */
  timeoutMs?: number;
  /** From ready to finished, over all attempts, waits and items. */
  totalTimeoutMs?: number;
  /** Longest silence of an attempt's handler. */
  heartbeatTimeoutMs?: number;
  onFailure: TaskFailurePolicy;
  fallback?: JsonValue;
  /** Absent: the default one. */
  queue?: string;
  /** -1000 to 1000; absent: 0. */
  priority?: number;
  /** What undoes it when the workflow does not end well; absent: nothing. */
  compensate?: CompensationDefinition;
}

/** Called for a completed task, or for each completed item of it. */
export interface CompensationDefinition {
  handler: string;
  /** A template that sees the context, `$result`, `$error` (the workflow's) and the item's variables. */
  input?: JsonValue;
}

/** Exactly one of array, zip, matrix, custom. */
export interface ExpansionDefinition {
  array?: JsonObject;
  zip?: JsonObject;
  matrix?: JsonObject;
  exclude?: JsonValue[];
  include?: JsonValue[];
  custom?: CustomExpansionDefinition;
  filter?: string;
  identifier?: string;
  outputFormat: OutputFormat;
  flatten: boolean;
  nested: boolean;
  reduce?: string;
  maxParallel?: number;
  failFast: boolean;
  toleratedFailures?: number;
  toleratedFailurePercent?: number;
  onItemFailure: ItemFailurePolicy;
  /** Items that go to the handler together; absent: each by itself. */
  batchSize?: number;
}

/** Exactly one of expression and expander. */
export interface CustomExpansionDefinition {
  expression?: string;
  /** The name of an expander, see expander.ts. */
  expander?: string;
  /** A template over the scope; absent: null. */
  args?: JsonValue;
}

export interface RetryDefinition {
  maxAttempts: number;
  initialDelayMs: number;
  factor: number;
  maxDelayMs: number;
  jitter: boolean;
  nonRetryable: string[];
}

export type Reducer = "APPEND" | "CONCAT" | "MERGE" | "SUM" | "MIN" | "MAX" | "FIRST" | "LAST";
export type OutputFormat = "MERGE" | "SEPARATE" | "SINGLE";
export type FailurePolicy = "CONTINUE" | "FAIL_FAST";
export type TaskFailurePolicy = "FAIL" | "IGNORE" | "FALLBACK";
export type ItemFailurePolicy = "DROP" | "NULL" | "ERROR";
