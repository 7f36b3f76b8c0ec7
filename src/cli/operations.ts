/** The GraphQL documents that the commands send besides those of the client, with the types of their answers. A test checks them against the schema. */

import type { TypedOperation } from "../client/GraphqlClient.js";
import type { TaskError, EventType } from "../workflow/events.js";
import type { JsonObject } from "../workflow/json.js";
import type { TaskCounts, TaskStatus, WorkflowStatus } from "../workflow/status.js";

interface Operation<Data, Variables> extends TypedOperation<Data, Variables> { readonly text: string }

function operation<Data, Variables>(text: string): Operation<Data, Variables> {
  return { text, toString: () => text };
}

const COUNTS = "counts { total pending ready running waiting completed failed skipped cancelled timedOut }";
const ERROR = "error { code message retryable task }";

export const SERVER_INFO = operation<{ serverInfo: { version: string } }, Record<string, never>>(
  "query ServerInfo { serverInfo { version } }",
);

/** What a watcher must know before the first event: the top groups and the tasks that are declared in them. */
export interface WatchStartData {
  workflow: {
    id: string; name: string; status: WorkflowStatus; groups: { name: string }[];
    tasks: { nodes: { name: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
  } | null;
}
export const WATCH_START = operation<WatchStartData, { id: string; after?: string }>(`query WatchStart($id: ID!, $after: String) {
  workflow(id: $id) {
    id name status groups { name } tasks(first: 1000, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } }
  }
}`);

export interface OutcomeData {
  workflow: {
    id: string; name: string; status: WorkflowStatus; partial: boolean; error: TaskError | null; counts: TaskCounts;
    groups: { name: string; status: TaskStatus; counts: TaskCounts }[]; context: JsonObject; submittedAt: string; finishedAt: string | null;
  } | null;
}
export const OUTCOME = operation<OutcomeData, { id: string; keys?: string[] }>(`query Outcome($id: ID!, $keys: [String!]) {
  workflow(id: $id) {
    id name status partial ${ERROR} ${COUNTS} groups { name status ${COUNTS} } context(keys: $keys) submittedAt finishedAt
  }
}`);

export interface FollowedEvent {
  __typename: "WorkflowStatusEvent" | "GroupEvent" | "TaskEvent" | "ContextEvent";
  cursor: string; seq: number; type: EventType; at: string;
  status?: WorkflowStatus; group?: string; task?: string; item?: string | null; attempt?: number; itemCount?: number | null;
  error?: TaskError | null; progress?: { percent: number | null; message: string | null } | null;
}
/** Leaves out what no view shows (TASK_READY, TASK_STARTED, CONTEXT_UPDATED): on a wide workflow that is most of the log. */
export const FOLLOW = operation<{ workflowEvents: FollowedEvent }, { id: string; after?: string }>(
  `subscription FollowWorkflow($id: ID!, $after: Cursor) {
  workflowEvents(id: $id, after: $after, types: [
    WORKFLOW_STARTED, WORKFLOW_COMPLETED, WORKFLOW_FAILED, WORKFLOW_CANCELLED, WORKFLOW_TIMED_OUT, GROUP_STARTED, GROUP_COMPLETED, GROUP_FAILED,
    TASK_EXPANDED, TASK_PROGRESS, TASK_RETRYING, TASK_COMPLETED, TASK_FAILED, TASK_SKIPPED, TASK_CANCELLED, TASK_TIMED_OUT
  ]) {
    __typename cursor seq type at
    ... on WorkflowStatusEvent { status ${ERROR} }
    ... on GroupEvent { group }
    ... on TaskEvent { task item attempt itemCount ${ERROR} progress { percent message } }
  }
}`);

export interface ListedWorkflow {
  id: string; name: string; status: WorkflowStatus; percent: number; counts: TaskCounts; submittedAt: string; finishedAt: string | null;
}
export interface ListData {
  workflows: { nodes: ListedWorkflow[]; totalCount: number; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
}
export const LIST = operation<ListData, { filter: JsonObject; first: number; after?: string }>(
  `query ListWorkflows($filter: WorkflowFilter, $first: Int, $after: String) {
  workflows(filter: $filter, first: $first, after: $after) {
    nodes { id name status percent ${COUNTS} submittedAt finishedAt } totalCount pageInfo { hasNextPage endCursor }
  }
}`);

export interface WaitReason { kind: string; message: string; until: string | null }
export interface ShownTask {
  name: string; handler: string; status: TaskStatus; attempt: number; counts: TaskCounts | null; error: TaskError | null;
  waitingFor: WaitReason[];
}
export interface ShowData {
  workflow: (ListedWorkflow & {
    partial: boolean; labels: JsonObject; error: TaskError | null; context: JsonObject;
    groups: { name: string; status: TaskStatus; counts: TaskCounts; waitingFor: WaitReason[]; tasks: ShownTask[] }[];
  }) | null;
}
export const SHOW = operation<ShowData, { id: string }>(`query ShowWorkflow($id: ID!) {
  workflow(id: $id) {
    id name status percent partial labels submittedAt finishedAt context ${COUNTS} ${ERROR}
    groups { name status ${COUNTS} waitingFor { kind message until } tasks { name handler status attempt ${COUNTS} ${ERROR} waitingFor { kind message until } } }
  }
}`);
