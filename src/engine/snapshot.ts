/** What a reader sees of a workflow: the engine's read model, free of Redis and of GraphQL. Times are epoch milliseconds. */

import type { ParentLink } from "./children.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { TaskCounts, TaskStatus, WorkflowStatus } from "../workflow/status.js";
import type { InstancePath } from "./nodeKey.js";
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
  /** The session it was submitted to, or one of its own. */
  sessionId: string;
  /** The workflow that this one runs again. */
  rerunOf?: string;
  /** Absent: 0. */
  priority?: number;
  /** The task that it runs for. */
  parent?: ParentLink;
  /** 1 for a workflow that no task runs, one more than its parent's for another. */
  depth: number;
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
  /**
   * In the order of the plan's nodes; those inside expanded groups as they are declared, see `instances`. Behind them the
   * compensations that there are, but for those in instances.
   */
  tasks: TaskState[];
  /** What the store has of instances that run, by path. */
  live: ReadonlyMap<InstancePath, Readonly<Record<string, string>>>;
  /** What the store has of compensations, by path. */
  compensations: ReadonlyMap<InstancePath, CompensationFields>;
  /** How many places of groups with maxParallel are taken: by `<group>`, in instances `<group>@<path>`. */
  places: ReadonlyMap<string, number>;
  /** External keys that had no value at submission: without one still, or provided since. */
  external: { missing: string[]; provided: string[] };
}

/** Compensations in one place: what the store has of them, without the path, and which are owed and have not begun. */
export interface CompensationFields {
  readonly fields: Readonly<Record<string, string>>;
  readonly owed: ReadonlySet<number>;
}

export interface GroupState {
  name: string;
  /** outer.inner; enrich[3] for an instance of an expanded group. */
  address: string;
  /** Of a group that is expanded as a whole. */
  expanded?: ExpandedGroup;
  /** Whether it is one instance of such a group. */
  isInstance?: boolean;
  status: TaskStatus;
  counts: TaskCounts;
  tasks: TaskState[];
  /** Nested groups. */
  groups: GroupState[];
}

/** An expanded group as a whole: its tasks stand in its instances. */
export interface ExpandedGroup {
  node: PlanNode;
  /** Of the instance that it stands in itself. */
  path: InstancePath;
  /** Instances by status; absent until it is expanded. */
  instances?: TaskCounts;
  /** Why it has not begun, or why its output is not made yet. */
  waitingFor: WaitReason[];
  /** How many tasks its instances have, as far as that is known; an expanded task counts one. */
  taskTotal: number;
}

export interface TaskState {
  workflowId: string;
  node: PlanNode;
  /** The instance of an expanded group that it runs in. */
  path?: InstancePath;
  /** group.task; enrich[3].score in an instance */
  address: string;
  status: TaskStatus;
  /** 0 before the first attempt. */
  attempt: number;
  /** Present once the task is expanded. */
  itemCounts?: TaskCounts;
  error?: TaskError;
  /** Node of the task because of which this one was skipped. */
  skippedBy?: number;
  progress?: TaskProgress;
  /** Attempts before the current one, oldest first. */
  earlierAttempts: AttemptState[];
  /** Attempts before retryWorkflow. */
  base: number;
  /** Of an expanded group that began anew: no task inside had more attempts before. */
  baseInside?: number;
  worker?: string;
  waitingFor: WaitReason[];
  /** The sub-workflow that its last attempt started. */
  childId?: string;
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

/** Why a task is not running. kind: KEY, EXTERNAL_KEY, TASK, WORKER, BACKOFF, TIMER, SIGNAL, WORKFLOW, PAUSED, LIMIT; see store/waitReasons.ts. */
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
  sessionId?: string;
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
