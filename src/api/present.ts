/** Between the API and the domain: inputs to definitions (defaults applied), snapshots and events to API objects. */

// Decorated classes ask for it when they are defined, so it comes before all of them.
import "reflect-metadata";
import { nodeKey } from "../engine/nodeKey.js";
import type { AttemptState, GroupState, ItemState, TaskState, WaitReason as WaitState, WorkflowFilter as WorkflowQuery, WorkflowSnapshot } from "../engine/snapshot.js";
import { FanwireError } from "../errors.js";
import type { EventFilter as EventQuery } from "../events/eventFilter.js";
import type { WorkflowProgressSnapshot } from "../events/EventSource.js";
import type { ExpansionDefinition, RetryDefinition, TaskDefinition, TaskGroupDefinition, WorkflowDefinition } from "../workflow/definition.js";
import type { TaskProgress as ProgressState, WorkflowEvent as EventRecord } from "../workflow/events.js";
import { isObject, type JsonObject, type JsonValue } from "../workflow/json.js";
import { DEFAULT_QUEUE } from "../workflow/queueName.js";
import { percentOf } from "../workflow/status.js";
import type { EventFilter } from "./inputs/EventFilter.js";
import type { ExpansionInput } from "./inputs/ExpansionInput.js";
import type { RetryInput } from "./inputs/RetryInput.js";
import type { TaskGroupInput } from "./inputs/TaskGroupInput.js";
import type { TaskInput } from "./inputs/TaskInput.js";
import type { WorkflowDefinitionInput } from "./inputs/WorkflowDefinitionInput.js";
import type { WorkflowFilter } from "./inputs/WorkflowFilter.js";
import { Session } from "./types/Session.js";
import { Task } from "./types/Task.js";
import type { TaskAttempt } from "./types/TaskAttempt.js";
import { TaskGroup } from "./types/TaskGroup.js";
import type { TaskItem } from "./types/TaskItem.js";
import type { TaskProgress } from "./types/TaskProgress.js";
import type { WaitReason } from "./types/WaitReason.js";
import { Workflow } from "./types/Workflow.js";
import { ContextEvent, GroupEvent, TaskEvent, WorkflowStatusEvent } from "./types/WorkflowEvent.js";
import type { WorkflowEvent } from "./types/WorkflowEvent.js";
import type { WorkflowProgress } from "./types/WorkflowProgress.js";

type Given<T> = { [Field in keyof T]: Exclude<T[Field], null> };

/** Without the fields that are null or undefined: in an input, null says the same as leaving the field out. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as Given<T>;
}

/** An instance, because GraphQL interfaces find the concrete type by instanceof; the parameter makes every field be given. */
function fill<T extends object>(instance: T, fields: T): T {
  return Object.assign(instance, fields);
}

// ── Inputs ──────────────────────────────────────────────────────────────────────────────────────

export function toWorkflowDefinition(input: WorkflowDefinitionInput): WorkflowDefinition {
  return given({
    name: input.name,
    description: input.description,
    groups: input.groups.map(toGroup),
    contextSchema: input.contextSchema,
    externalKeys: input.externalKeys?.length ? input.externalKeys : undefined,
    exports: input.exports?.length ? input.exports : undefined,
    onFailure: input.onFailure ?? "CONTINUE",
    timeoutMs: input.timeout,
    reducers: input.reducers?.length ? input.reducers.map(({ key, reducer }) => ({ key, reducer })) : undefined,
  });
}

function toGroup(input: TaskGroupInput): TaskGroupDefinition {
  return given({
    name: input.name,
    tasks: (input.tasks ?? []).map(toTask),
    // Left out when there are none, so that the definition is the same as without the field.
    groups: input.groups?.length ? input.groups.map(toGroup) : undefined,
    dependencies: input.dependencies ?? [],
    expansion: input.expansion ? toExpansion(input.expansion) : undefined,
    resultKeys: input.resultKeys,
    maxParallel: input.maxParallel,
    timeoutMs: input.timeout,
    onFailure: input.onFailure,
  });
}

function toTask(input: TaskInput): TaskDefinition {
  const onFailure = input.onFailure ?? "FAIL";
  const task: TaskDefinition = given({
    name: input.name,
    handler: input.handler,
    input: input.input,
    dependencies: input.dependencies ?? [],
    optionalDependencies: input.optionalDependencies ?? [],
    after: input.after ?? [],
    resultKeys: input.resultKeys,
    optionalResultKeys: input.optionalResultKeys ?? [],
    when: input.when,
    expansion: input.expansion ? toExpansion(input.expansion) : undefined,
    validate: input.validate,
    resultSchema: input.resultSchema,
    retry: input.retry ? toRetry(input.retry) : undefined,
    timeoutMs: input.timeout,
    totalTimeoutMs: input.totalTimeout,
    heartbeatTimeoutMs: input.heartbeatTimeout,
    onFailure,
    fallback: input.fallback,
    compensate: input.compensate ? given({ handler: input.compensate.handler, input: input.compensate.input }) : undefined,
    // What is the default is left out, so that the definition is the same as without the field.
    queue: input.queue === DEFAULT_QUEUE ? undefined : input.queue,
    priority: input.priority === 0 ? undefined : input.priority,
  });
  // The one place where null is a value of its own: "when it fails, record null".
  if (onFailure === "FALLBACK" && input.fallback === null) task.fallback = null;
  return task;
}

function toExpansion(input: ExpansionInput): ExpansionDefinition {
  return given({
    // That these are objects is the definition's meaning: validation answers a problem with a path where they are not.
    array: input.array as JsonObject | null | undefined,
    zip: input.zip as JsonObject | null | undefined,
    matrix: input.matrix as JsonObject | null | undefined,
    exclude: input.exclude,
    include: input.include,
    custom: input.custom ? given({ expression: input.custom.expression, expander: input.custom.expander, args: input.custom.args }) : undefined,
    filter: input.filter,
    identifier: input.identifier,
    outputFormat: input.outputFormat ?? "MERGE",
    flatten: input.flatten ?? false,
    nested: input.nested ?? false,
    reduce: input.reduce,
    maxParallel: input.maxParallel,
    failFast: input.failFast ?? true,
    toleratedFailures: input.toleratedFailures,
    toleratedFailurePercent: input.toleratedFailurePercent,
    onItemFailure: input.onItemFailure ?? "DROP",
    batchSize: input.batchSize,
  });
}

function toRetry(input: RetryInput): RetryDefinition {
  return {
    maxAttempts: input.maxAttempts ?? 3,
    initialDelayMs: input.initialDelay ?? 1_000,
    factor: input.factor ?? 2,
    maxDelayMs: input.maxDelay ?? 60_000,
    jitter: input.jitter ?? true,
    nonRetryable: input.nonRetryable ?? [],
  };
}

export function toWorkflowQuery(filter: WorkflowFilter | null | undefined): WorkflowQuery {
  return given({
    status: filter?.status,
    name: filter?.name,
    sessionId: filter?.sessionId,
    labels: filter?.labels as JsonObject | null | undefined,
    submittedAfterMs: filter?.submittedAfter,
    submittedBeforeMs: filter?.submittedBefore,
  });
}

/** @throws FanwireError INVALID_VALUE for labels that are no object: they would match nothing, or everything */
export function toEventFilter(filter: EventFilter | null | undefined): EventQuery {
  const labels = filter?.labels ?? undefined;
  if (labels !== undefined && !isObject(labels)) throw new FanwireError("INVALID_VALUE", "The labels of a filter must be an object of name to value", { retryable: false });
  return given({ workflowIds: filter?.workflowIds, sessionId: filter?.sessionId, name: filter?.name, labels, types: filter?.types });
}

/** An optional JSON argument: null says the same as leaving it out. */
export function toOptionalJson(value: JsonValue | undefined): JsonValue | undefined {
  return value ?? undefined;
}

// ── Results ─────────────────────────────────────────────────────────────────────────────────────

export function presentWorkflow(snapshot: WorkflowSnapshot): Workflow {
  return fill(new Workflow(), {
    id: snapshot.id,
    sessionId: snapshot.sessionId,
    rerunOfId: snapshot.rerunOf,
    parentId: snapshot.parent?.workflowId,
    parentTask: snapshot.parent?.task,
    name: snapshot.name,
    status: snapshot.status,
    labels: snapshot.labels,
    partial: snapshot.partial,
    error: snapshot.error,
    counts: snapshot.counts,
    percent: percentOf(snapshot.counts),
    submittedAt: snapshot.submittedMs,
    startedAt: snapshot.startedMs,
    finishedAt: snapshot.finishedMs,
  });
}

export function presentGroup(workflowId: string, group: GroupState): TaskGroup {
  return fill(new TaskGroup(), {
    id: `${workflowId}/${group.address}`,
    workflowId,
    state: group,
    name: group.isInstance ? group.address : group.name,
    status: group.status,
    counts: group.counts,
    instanceCounts: group.expanded?.instances,
    waitingFor: group.expanded?.waitingFor.map(presentWait) ?? [],
    tasks: group.tasks.map(presentTask),
  });
}

export function presentSession(id: string): Session {
  return fill(new Session(), { id });
}

export function presentTask(state: TaskState): Task {
  return fill(new Task(), {
    id: `${state.workflowId}/${state.address}`,
    state,
    name: state.address,
    handler: state.node.task.handler,
    status: state.status,
    waitingFor: state.waitingFor.map(presentWait),
    attempt: state.attempt,
    error: state.error,
    progress: state.progress && presentProgress(state.progress),
    counts: state.itemCounts,
    readyAt: state.readyMs,
    startedAt: state.startedMs,
    finishedAt: state.finishedMs,
  });
}

function presentWait({ kind, key, message, untilMs }: WaitState): WaitReason {
  return { kind, key, message, until: untilMs };
}

function presentProgress({ percent, message, data, atMs }: ProgressState): TaskProgress {
  return { percent, message, data, at: atMs };
}

export function presentAttempt({ number, worker, startedMs, finishedMs, error }: AttemptState): TaskAttempt {
  return { number, worker, startedAt: startedMs, finishedAt: finishedMs, error };
}

export function presentItem({ startedMs, finishedMs, ...item }: ItemState, { workflowId, node, path }: TaskState): TaskItem {
  return { ...item, place: { workflowId, node: nodeKey(node.index, path) }, startedAt: startedMs, finishedAt: finishedMs };
}

export function presentWorkflowProgress({ atMs, ...progress }: WorkflowProgressSnapshot): WorkflowProgress {
  return { ...progress, at: atMs };
}

export function presentEvent(event: EventRecord): WorkflowEvent {
  const common = { cursor: event.cursor, seq: event.seq, type: event.type, at: event.atMs, workflowId: event.workflowId };
  switch (event.kind) {
    case "workflow":
      return fill(new WorkflowStatusEvent(), { ...common, status: event.status, error: event.error });
    case "group":
      return fill(new GroupEvent(), { ...common, group: event.group });
    case "context":
      return fill(new ContextEvent(), { ...common, keys: event.keys });
    case "task":
      return fill(new TaskEvent(), {
        ...common,
        task: event.task,
        item: event.item,
        attempt: event.attempt,
        worker: event.worker,
        result: event.result,
        error: event.error,
        progress: event.progress && presentProgress(event.progress),
        itemCount: event.itemCount,
      });
  }
}
