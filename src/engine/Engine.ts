/** The engine as its users (api, cli, worker) see it: verbs that change workflows and questions about them. */

import type { Problem } from "../errors.js";
import type { WorkflowDefinition } from "../workflow/definition.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import type { TaskStatus } from "../workflow/status.js";
import type { PlanReport } from "../workflow/planReport.js";
import type { RegisterDefinitionOutcome, RegisteredDefinition } from "./DefinitionRegistry.js";
import type { HandlerInfo } from "./handlers.js";
import type { NodeKey } from "./nodeKey.js";
import type { SignalTaskInput, SignalTaskOutcome } from "./SignalDesk.js";
import type {
  AttemptState, GroupState, ItemState, Page, PageRequest, TaskState, WorkflowDetail, WorkflowFilter, WorkflowSnapshot,
} from "./snapshot.js";

/** On whose behalf a verb runs. */
export interface Caller {
  tenant: string;
  /** What is asked for may be asked again, much later: a verb over a workflow takes effect once under it. See commandRequest. */
  request?: string;
}

/** Exactly one of definition and definitionName. */
export interface SubmitWorkflowInput {
  definition?: WorkflowDefinition;
  /** Of a registered one. */
  definitionName?: string;
  /** Default: the latest. */
  definitionVersion?: number;
  /** Default {}. */
  context?: JsonValue;
  /** The session it belongs to, made on first use; absent: one of its own. */
  sessionId?: string;
  idempotencyKey?: string;
  labels?: JsonValue;
  /** -1000 to 1000, by default 0; larger goes first. */
  priority?: number;
  /** The workflow that this one runs again. */
  rerunOf?: string;
}

export interface SubmitWorkflowOutcome {
  workflowId?: string;
  /** True when the idempotency key had been used before with the same payload. */
  duplicate: boolean;
  problems: Problem[];
}

/** What a verb came to; without problems it was done. */
export interface Changed {
  problems: Problem[];
}

export interface Engine {
  submitWorkflow(caller: Caller, input: SubmitWorkflowInput): Promise<SubmitWorkflowOutcome>;
  cancelWorkflow(caller: Caller, id: string, reason?: string): Promise<{ problems: Problem[] }>;
  registerDefinition(caller: Caller, definition: WorkflowDefinition): Promise<RegisterDefinitionOutcome>;
  /** A registered definition, by default its latest version; null when there is none. */
  definition(caller: Caller, name: string, version?: number): Promise<RegisteredDefinition | null>;
  /** The latest version of each registered definition, in the order of their names; forwards only. */
  definitions(caller: Caller, page: PageRequest): Promise<Page<RegisteredDefinition>>;
  pauseWorkflow(caller: Caller, id: string): Promise<Changed>;
  resumeWorkflow(caller: Caller, id: string): Promise<Changed>;
  retryWorkflow(caller: Caller, id: string): Promise<Changed>;
  rerunWorkflow(caller: Caller, id: string, context?: JsonValue, idempotencyKey?: string): Promise<SubmitWorkflowOutcome>;
  provideContext(caller: Caller, id: string, values: JsonValue): Promise<Changed>;
  signalTask(caller: Caller, input: SignalTaskInput): Promise<SignalTaskOutcome>;
  deleteWorkflow(caller: Caller, id: string): Promise<{ deleted: boolean; problems: Problem[] }>;
  planWorkflow(definition: WorkflowDefinition, context?: JsonValue): Promise<PlanReport>;
  /** Those of this process, and those that only workers elsewhere have. */
  handlers(): Promise<HandlerInfo[]>;

  /** One read of header size; null when there is no such workflow for this caller. */
  workflow(caller: Caller, id: string): Promise<WorkflowSnapshot | null>;
  workflowDetail(caller: Caller, id: string): Promise<WorkflowDetail | null>;
  workflows(caller: Caller, filter: WorkflowFilter, page: PageRequest): Promise<Page<WorkflowSnapshot>>;
  /** One task by its address, in an instance of an expanded group or not; undefined when there is none. */
  task(detail: WorkflowDetail, address: string): Promise<TaskState | undefined>;
  /** A group by its address, or an instance of an expanded one. */
  group(detail: WorkflowDetail, address: string): Promise<GroupState | undefined>;
  /** Tasks in the order of the definition, those of instances among them. */
  tasks(detail: WorkflowDetail, filter: { status?: readonly TaskStatus[] }, page: { first: number; after?: string }): Promise<Page<TaskState>>;
  /** Instances of a group that is expanded as a whole, in item order. */
  instances(detail: WorkflowDetail, group: GroupState, page: { first: number; after?: string }): Promise<Page<GroupState>>;
  /** Whether the caller's tenant has such a session. */
  hasSession(caller: Caller, id: string): Promise<boolean>;
  /** What workflows of the session have exported; {} when there is no such session. */
  sessionContext(caller: Caller, id: string): Promise<JsonObject>;
  /** The context, whole or the keys asked for (absent keys are left out), views over items assembled. */
  context(id: string, keys?: readonly string[]): Promise<JsonObject>;
  /** Items of an expanded task, in item order. */
  items(task: TaskState, filter: { status?: TaskStatus[] }, page: PageRequest): Promise<Page<ItemState>>;
  /** The task's result; undefined while there is none. */
  result(task: TaskState): Promise<JsonValue | undefined>;
  /** The handler's input, templates resolved as the attempt sees them; undefined before the task is ready. */
  input(task: TaskState): Promise<JsonValue | undefined>;
  attempts(task: TaskState): AttemptState[];
  /** Id of the sub-workflow that the last attempt of an item started. */
  childOfItem(workflowId: string, node: NodeKey, item: number): Promise<string | undefined>;
}
