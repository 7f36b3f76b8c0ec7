/** An event of the log as a message of the topic of events: CloudEvents 1.0, structured JSON. */

import type { TaskError, TaskProgress, WorkflowEvent } from "../../workflow/events.js";
import type { JsonObject, JsonValue } from "../../workflow/json.js";

export interface EventMessage {
  /** The workflow's id: events of one workflow keep their order. */
  key: string;
  value: string;
  headers: Record<string, string>;
}

const HEADERS = { "content-type": "application/cloudevents+json; charset=UTF-8" };

/**
 * @param source names the deployment
 * @param withoutBody leaves out what can be large (a result, data of progress, details of an error): `bodyomitted` says so
 */
export function cloudEvent(event: WorkflowEvent, source: string, withoutBody = false): EventMessage {
  const value: JsonObject = {
    specversion: "1.0",
    id: `${event.workflowId}:${event.seq}`,
    source,
    type: `fanwire.${event.type.toLowerCase()}`,
    subject: event.workflowId,
    time: instant(event.atMs),
    datacontenttype: "application/json",
    ...(withoutBody ? { bodyomitted: true } : {}),
    data: eventData(event, withoutBody),
  };
  return { key: event.workflowId, value: JSON.stringify(value), headers: HEADERS };
}

/** The fields of the event as the API has them; those without a value are null. */
export function eventData(event: WorkflowEvent, withoutBody = false): JsonObject {
  const common = { cursor: event.cursor, seq: event.seq, type: event.type, at: instant(event.atMs), workflowId: event.workflowId };
  switch (event.kind) {
    case "workflow": return { ...common, status: event.status, error: errorData(event.error, withoutBody) };
    case "group": return { ...common, group: event.group };
    case "context": return { ...common, keys: event.keys };
    case "task": return {
      ...common, task: event.task, item: event.item ?? null, attempt: event.attempt, worker: event.worker ?? null,
      result: withoutBody ? null : (event.result ?? null),
      error: errorData(event.error, withoutBody), progress: progressData(event.progress, withoutBody), itemCount: event.itemCount ?? null,
    };
  }
}

function errorData(error: TaskError | undefined, withoutBody: boolean): JsonValue {
  if (!error) return null;
  const { code, message, retryable, details, task } = error;
  return { code, message, retryable, details: withoutBody ? null : (details ?? null), task: task ?? null };
}

function progressData(progress: TaskProgress | undefined, withoutBody: boolean): JsonValue {
  if (!progress) return null;
  const { percent, message, data, atMs } = progress;
  return { percent: percent ?? null, message: message ?? null, data: withoutBody ? null : (data ?? null), at: instant(atMs) };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
