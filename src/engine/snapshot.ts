/** What a reader sees of a workflow: the engine's read model, free of Redis and of GraphQL. Times are epoch milliseconds. */

import type { JsonObject, JsonValue } from "../workflow/json.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { TaskCounts, TaskStatus, WorkflowStatus } from "../workflow/status.js";
import type { TaskError, TaskProgress } from "../workflow/events.js";

export interface WorkflowSnapshot {
  id: string;
  name: string;
  tenant: string;
  status: WorkflowStatus;
  plan: Plan;
  /** 0: it was submitted with the workflow. */
  definitionVersion: number;
  /** When its definition was registered, if it was. */
  definitionRegisteredMs?: number;
  labels: JsonObject;
  /** The workflow that this one runs again. */
  rerunOf?: string;
  /** Absent: 0. */
  priority?: number;
  counts: TaskCounts;
  /** True once it ended without every required task completed. */
  partial: boolean;
  error?: TaskError;
  /** Position after the newest event that this snapshot contains. */
  cursor: string;
  submittedMs: number;
  startedMs?: number;
  finishedMs?: number;
}

/** A workflow with the state of every task; costs one read of the size of its plan. */
export interface WorkflowDetail extends WorkflowSnapshot {
  groups: GroupState[];
  /** In the order of the plan's nodes. */
  tasks: TaskState[];
  /** External keys that had no value at submission: without one still, or provided since. */
  external: { missing: string[]; provided: string[] };
}

export interface GroupState {
  name: string;
  /** outer.inner */
  address: string;
  status: TaskStatus;
  counts: TaskCounts;
  tasks: TaskState[];
  /** Nested groups. */
  groups: GroupState[];
}

export interface TaskState {
  workflowId: string;
  node: PlanNode;
  /** group.task */
  address: string;
  status: TaskStatus;
  /** 0 before the first attempt. */
  attempt: number;
  /** Present once the task is expanded. */
  itemCounts?: TaskCounts;
  error?: TaskError;
  progress?: TaskProgress;
  /** Attempts before the current one, oldest first. */
  earlierAttempts: AttemptState[];
  /** Attempts before retryWorkflow. */
  base: number;
  worker?: string;
  waitingFor: WaitReason[];
  readyMs?: number;
  startedMs?: number;
  finishedMs?: number;
}

export interface AttemptState {
  number: number;
  worker?: string;
  startedMs: number;
  finishedMs?: number;
  error?: TaskError;
}

/** Why a task is not running. kind: KEY, EXTERNAL_KEY, TASK, WORKER, BACKOFF, TIMER, SIGNAL, PAUSED, LIMIT. */
export interface WaitReason {
  kind: string;
  key?: string;
  message: string;
  untilMs?: number;
}

export interface ItemState {
  index: number;
  identifier: string;
  variables: JsonObject;
  status: TaskStatus;
  attempt: number;
  result?: JsonValue;
  error?: TaskError;
  startedMs?: number;
  finishedMs?: number;
}

export interface WorkflowFilter {
  status?: WorkflowStatus[];
  name?: string;
  labels?: JsonObject;
  submittedAfterMs?: number;
  submittedBeforeMs?: number;
}

/** Relay paging as given by the client; first and last are already clamped to 1,000 by the API. */
export interface PageRequest {
  first?: number;
  after?: string;
  last?: number;
  before?: string;
}

export interface Page<T> {
  edges: { cursor: string; node: T }[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  totalCount: number;
}
