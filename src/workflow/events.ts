/** The events of a workflow's log, as every reader of it sees them (API, progress, Kafka). */

import type { JsonValue } from "./json.js";
import { addressIn } from "./addresses.js";
import type { Plan, PlanNode } from "./plan.js";
import type { WorkflowStatus } from "./status.js";

export const EVENT_TYPES = [
  "WORKFLOW_SUBMITTED", "WORKFLOW_STARTED", "WORKFLOW_PAUSED", "WORKFLOW_RESUMED", "WORKFLOW_RETRIED",
  "WORKFLOW_COMPLETED", "WORKFLOW_FAILED", "WORKFLOW_CANCELLED", "WORKFLOW_TIMED_OUT",
  "GROUP_STARTED", "GROUP_COMPLETED", "GROUP_FAILED",
  "TASK_READY", "TASK_EXPANDED", "TASK_STARTED", "TASK_PROGRESS", "TASK_WAITING", "TASK_RETRYING",
  "TASK_COMPLETED", "TASK_FAILED", "TASK_SKIPPED", "TASK_CANCELLED", "TASK_TIMED_OUT",
  "CONTEXT_UPDATED",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface TaskError {
  code: string;
  message: string;
  retryable: boolean;
  details?: JsonValue;
  /** Address of the task whose failure this is. */
  task?: string;
}

export interface TaskProgress {
  percent?: number;
  message?: string;
  data?: JsonValue;
  /** Epoch milliseconds. */
  atMs: number;
}

interface EventBase {
  /** Opaque position in the log, to resume after this event. */
  cursor: string;
  /** 1, 2, 3 ... within the workflow, without a hole. */
  seq: number;
  /** Epoch milliseconds, Redis' clock. */
  atMs: number;
  workflowId: string;
}
export interface WorkflowStatusEvent extends EventBase {
  kind: "workflow";
  type: "WORKFLOW_SUBMITTED" | "WORKFLOW_STARTED" | "WORKFLOW_PAUSED" | "WORKFLOW_RESUMED" | "WORKFLOW_RETRIED" | "WORKFLOW_COMPLETED" | "WORKFLOW_FAILED" | "WORKFLOW_CANCELLED" | "WORKFLOW_TIMED_OUT";
  status: WorkflowStatus;
  error?: TaskError;
}
export interface GroupEvent extends EventBase {
  kind: "group";
  type: "GROUP_STARTED" | "GROUP_COMPLETED" | "GROUP_FAILED";
  /** Its address; enrich[3] for an instance of an expanded group. */
  group: string;
  /** The instance that it is or stands in. */
  path?: string;
}
export interface TaskEvent extends EventBase {
  kind: "task";
  type: Exclude<EventType, WorkflowStatusEvent["type"] | GroupEvent["type"] | "CONTEXT_UPDATED">;
  /** The task's address; its node in the plan. */
  task: string;
  node: number;
  /** The instance of an expanded group that it runs in, as the store writes it. */
  path?: string;
  /** Position and identifier of the item, when the event is about one item of an expansion. */
  itemIndex?: number;
  item?: string;
  attempt: number;
  worker?: string;
  error?: TaskError;
  progress?: TaskProgress;
  /** TASK_EXPANDED: how many items. */
  itemCount?: number;
  /** TASK_WAITING, TASK_RETRYING: until when, epoch milliseconds; absent for a wait that only an answer ends. */
  untilMs?: number;
  /**
   * TASK_COMPLETED: the result. Results are stored once, outside the log; readers that were asked for results
   * fill this in (EventManager's `withResults`).
   */
  result?: JsonValue;
}
export interface ContextEvent extends EventBase {
  kind: "context";
  type: "CONTEXT_UPDATED";
  keys: string[];
}
export type WorkflowEvent = WorkflowStatusEvent | GroupEvent | TaskEvent | ContextEvent;

/**
 * Why a task was skipped.
 * @param cause `C`: its own condition; `U<node>`: that task did not end well
 * @param path of the instance of an expanded group that it stands in
 */
export function skipError(plan: Plan, node: PlanNode, cause: string, path?: string, identifiers?: readonly string[]): TaskError {
  const address = addressIn(plan, node.address, path, identifiers);
  if (cause === "C") return { code: "CONDITION", message: `The condition of ${address} was not truthy`, retryable: false, task: address };
  const { address: declared } = plan.nodes[Number(cause.slice(1))] as PlanNode;
  // The other one stands in the same instance, or somewhere around it.
  const upstream = addressIn(plan, declared, path, identifiers);
  return { code: "UPSTREAM", message: `${address} was skipped because ${upstream} did not end well`, retryable: false, task: upstream };
}
