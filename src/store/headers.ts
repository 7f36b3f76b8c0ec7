/** The fields of a workflow's hash that tell of it as a whole, and what they say. */

import { ownSessionId } from "../engine/session.js";
import type { WorkflowSnapshot } from "../engine/snapshot.js";
import { priorityIn } from "../engine/workflowLanes.js";
import { makeCursor } from "../workflow/cursor.js";
import type { TaskError } from "../workflow/events.js";
import type { JsonObject } from "../workflow/json.js";
import type { Plan } from "../workflow/plan.js";
import { isWorkflowEnded } from "../workflow/status.js";
import { parentLink } from "./childWaits.js";
import { readCounts, WORKFLOW_STATUS } from "./records.js";

export const HEADER_FIELDS = ["st", "hash", "nm", "tn", "lb", "sub", "sta", "fin", "seq", "n", "bad", "ev", "dv", "da", "rr", "ss", "ln", "pa", "pt", "dp"] as const;
const [STATUS_AT, HASH_AT, SEQ_AT, FINISHED_AT] = (["st", "hash", "seq", "fin"] as const).map((field) => HEADER_FIELDS.indexOf(field)) as [number, number, number, number];

/** Their values, in that order. One that is not there is null from one command, false from a script. */
export type Header = readonly (string | null | false | undefined)[];

/** Whether there is such a workflow. */
export function isThere(header: Header | undefined): header is Header {
  return Boolean(header?.[0]);
}

/**
 * What tells the header of an ended workflow from every other one that it has had: nothing changes then without an event, and what Redis lost in
 * a crash and did once more ended at another time. Undefined while it is open, when counts change without one.
 */
export function versionOf(header: Header | undefined): string | undefined {
  const status = header?.[STATUS_AT];
  if (!header || !status || !isWorkflowEnded(WORKFLOW_STATUS[status] ?? "RUNNING")) return undefined;
  return `${status} ${header[SEQ_AT] as string} ${header[FINISHED_AT] as string}`;
}

/** Of its definition. */
export function hashIn(header: Header): string {
  return header[HASH_AT] as string;
}

/** Lists are made of these by the hundred: the object is written out, as spreading parts into it costs several times as much. */
export function snapshotOf(id: string, header: Header, plan: Plan): WorkflowSnapshot {
  const [st, , name, tenant, labels, sub, started, finished, seq, counts, bad, entry, version, registered, rerunOf, session, lanes, parent, parentTask, depth] = header;
  const status = WORKFLOW_STATUS[st as string] ?? "RUNNING";
  const submittedMs = Number(sub);
  const snapshot: WorkflowSnapshot = {
    id, status, plan, submittedMs,
    name: text(name) ?? plan.definition.name,
    tenant: tenant as string,
    sessionId: text(session) ?? ownSessionId(id),
    labels: isText(labels) ? (JSON.parse(labels) as JsonObject) : {},
    counts: readCounts(counts as string),
    definitionVersion: Number(text(version) ?? 0),
    partial: isWorkflowEnded(status) && status !== "COMPLETED",
    depth: Number(text(depth) ?? 1),
    cursor: makeCursor({ entry: Number(text(entry) ?? 1), seq: Number(seq) }),
  };
  const priority = priorityIn(text(lanes) ?? null);
  if (priority !== undefined) snapshot.priority = priority;
  if (isText(bad)) snapshot.error = JSON.parse(bad) as TaskError;
  if (isText(registered)) snapshot.definitionRegisteredMs = Number(registered);
  if (isText(rerunOf)) snapshot.rerunOf = rerunOf;
  if (isText(parent)) snapshot.parent = parentLink(parent, text(parentTask) ?? "");
  if (isText(started)) snapshot.startedMs = submittedMs + Number(started);
  if (isText(finished)) snapshot.finishedMs = submittedMs + Number(finished);
  return snapshot;
}

function isText(value: Header[number]): value is string {
  return typeof value === "string";
}

function text(value: Header[number]): string | undefined {
  return typeof value === "string" ? value : undefined;
}
