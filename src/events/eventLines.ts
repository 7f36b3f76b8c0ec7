/** Reads log entries back into events. Lua writes them: a head `<first seq> <ms>`, then a line per event or run of events. */

import { makeCursor, type LogPosition } from "../workflow/cursor.js";
import { skipError, type EventType, type TaskError, type TaskEvent, type TaskProgress, type WorkflowEvent } from "../workflow/events.js";
import { addressIn } from "../workflow/addresses.js";
import type { GroupEvent } from "../workflow/events.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { WorkflowStatus } from "../workflow/status.js";

/** What an event adds to the base that all share. */
type Body<E extends WorkflowEvent = WorkflowEvent> = E extends WorkflowEvent ? Omit<E, "cursor" | "seq" | "atMs" | "workflowId"> : never;

const END: Readonly<Record<string, { type: EventType; status: WorkflowStatus }>> = {
  C: { type: "WORKFLOW_COMPLETED", status: "COMPLETED" },
  F: { type: "WORKFLOW_FAILED", status: "FAILED" },
  X: { type: "WORKFLOW_CANCELLED", status: "CANCELLED" },
  T: { type: "WORKFLOW_TIMED_OUT", status: "TIMED_OUT" },
};
const GROUP_TYPE = { G: "GROUP_STARTED", H: "GROUP_COMPLETED", J: "GROUP_FAILED" } as const;
const TASK_END = { C: "TASK_COMPLETED", F: "TASK_FAILED", T: "TASK_TIMED_OUT" } as const;

/** `text` after its first `count` space-separated fields. */
function after(text: string, count: number): string {
  let at = 0;
  for (let i = 0; i < count; i++) {
    at = text.indexOf(" ", at) + 1;
    if (at === 0) return "";
  }
  return text.slice(at);
}

function json<T>(text: string): T | undefined {
  return text === "" || text === "-" ? undefined : (JSON.parse(text) as T);
}

/** The events of one line, one body each. Item identifiers are not in the log; readers that need them ask the items. */
function bodiesOf(line: string, plan: Plan): Body[] {
  const [code, a, b, c, d, e] = line.split(" ", 6) as [string, string, string, string, string, string];
  const { node: index, path } = place(a);
  const node = plan.nodes[index] as PlanNode;
  const inside = path === undefined ? {} : { path };
  const task = (type: TaskEvent["type"], more: Partial<Body<TaskEvent>> = {}): Body<TaskEvent> =>
    ({ kind: "task", type, task: addressIn(plan, node.address, path), node: node.index, attempt: 0, ...inside, ...more });
  const group = (type: GroupEvent["type"], address: string): Body => ({ kind: "group", type, group: addressIn(plan, address, path), ...inside });
  const isGroup = node?.kind === "GROUP";
  const item = (text: string): { itemIndex?: number } => (text === "-" ? {} : { itemIndex: Number(text) });
  const failure = (fields: number): { error?: TaskError } => {
    const error = json<TaskError>(after(line, fields));
    return error ? { error } : {};
  };
  switch (code) {
    case "B": return [{ kind: "workflow", type: "WORKFLOW_SUBMITTED", status: "PENDING" }];
    case "b": return [{ kind: "workflow", type: "WORKFLOW_STARTED", status: "RUNNING" }];
    case "wp": return [{ kind: "workflow", type: "WORKFLOW_PAUSED", status: "PAUSED" }];
    case "wr": return [{ kind: "workflow", type: "WORKFLOW_RESUMED", status: a === "P" ? "PENDING" : "RUNNING" }];
    case "wq": return [{ kind: "workflow", type: "WORKFLOW_RETRIED", status: "RUNNING" }];
    case "cv": return [{ kind: "context", type: "CONTEXT_UPDATED", keys: json<string[]>(after(line, 1)) ?? [] }];
    case "E": return [{ kind: "workflow", ...(END[a] as { type: "WORKFLOW_COMPLETED"; status: WorkflowStatus }), ...failure(2) }];
    case "G": case "H": case "J": return [group(GROUP_TYPE[code], plan.groups[index]?.address ?? "")];
    case "R": return [isGroup ? group("GROUP_STARTED", node.address) : task("TASK_READY")];
    case "S": return run(Number(c), b, (more) => task("TASK_STARTED", { attempt: Number(d), worker: e, ...more }));
    case "X": return [task("TASK_EXPANDED", { itemCount: Number(b), attempt: 1 })];
    case "C": case "F": case "T": return [isGroup ? group(code === "C" ? "GROUP_COMPLETED" : "GROUP_FAILED", node.address)
      : task(TASK_END[code], { attempt: Number(d), ...(e === "-" ? {} : { worker: e }), ...failure(6) })];
    case "IC": return run(Number(c), b, (more) => task("TASK_COMPLETED", { attempt: Number(d), worker: e, ...more }));
    case "IF": return [task("TASK_FAILED", { attempt: Number(d), worker: e, ...item(b), ...failure(6) })];
    case "Y": return [task("TASK_RETRYING", { ...item(b), attempt: Number(c), untilMs: Number(d), worker: e, ...failure(6) })];
    case "W": return [task("TASK_WAITING", { ...item(b), attempt: Number(c), ...(d === "-" ? {} : { untilMs: Number(d) }) })];
    case "K": return [task("TASK_SKIPPED", { error: skipError(plan, node, b, path) })];
    case "Z": return [task("TASK_CANCELLED")];
    case "P": return [task("TASK_PROGRESS", { ...item(b), attempt: Number(c), progress: JSON.parse(after(line, 4)) as TaskProgress })];
    case "U": return [{ kind: "context", type: "CONTEXT_UPDATED", keys: [...node.keys] }];
    default: return [];
  }
}

/** `<node>`, or `<node>@<path>`; of a group its own number stands in the place of the node. */
function place(text: string | undefined): { node: number; path?: string } {
  const at = text?.indexOf("@") ?? -1;
  return at < 0 ? { node: Number(text) } : { node: Number(text?.slice(0, at)), path: text?.slice(at + 1) ?? "" };
}

function run<T>(count: number, first: string, make: (more: { itemIndex?: number }) => T): T[] {
  return first === "-" ? [make({})] : Array.from({ length: count }, (_, i) => make({ itemIndex: Number(first) + i }));
}

/**
 * The events of an entry that lie after `afterSeq`.
 * @param entry index of the entry in the log
 */
export function eventsOfEntry(workflowId: string, plan: Plan, entry: number, text: string, afterSeq: number): WorkflowEvent[] {
  const [head, ...lines] = text.split("\n") as [string, ...string[]];
  const [firstSeq, ms] = head.split(" ") as [string, string];
  const bodies = lines.flatMap((line) => bodiesOf(line, plan));
  const events: WorkflowEvent[] = [];
  bodies.forEach((body, i) => {
    const seq = Number(firstSeq) + i;
    if (seq <= afterSeq) return;
    const position: LogPosition = { entry: i === bodies.length - 1 ? entry + 1 : entry, seq };
    const atMs = Number(ms);
    if (body.kind === "task" && body.progress) body.progress.atMs = atMs;
    events.push({ ...body, cursor: makeCursor(position), seq, atMs, workflowId } as WorkflowEvent);
  });
  return events;
}
