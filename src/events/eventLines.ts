/** Reads log entries back into events. Lua writes them: a head `<first seq> <ms>`, then a line per event or run of events. */

import { makeCursor, markOf, type LogPosition } from "../workflow/cursor.js";
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

/** What the lines of a code can be. */
const TYPES: Readonly<Record<string, readonly EventType[]>> = {
  B: ["WORKFLOW_SUBMITTED"], b: ["WORKFLOW_STARTED"], wp: ["WORKFLOW_PAUSED"], wr: ["WORKFLOW_RESUMED"], wq: ["WORKFLOW_RETRIED"],
  E: Object.values(END).map(({ type }) => type), cv: ["CONTEXT_UPDATED"], U: ["CONTEXT_UPDATED"],
  G: [GROUP_TYPE.G], H: [GROUP_TYPE.H], J: [GROUP_TYPE.J],
  R: ["TASK_READY", "GROUP_STARTED"], S: ["TASK_STARTED"], X: ["TASK_EXPANDED"],
  C: [TASK_END.C, "GROUP_COMPLETED"], F: [TASK_END.F, "GROUP_FAILED"], T: [TASK_END.T, "GROUP_FAILED"], IC: ["TASK_COMPLETED"], IF: ["TASK_FAILED"],
  Y: ["TASK_RETRYING"], W: ["TASK_WAITING"], K: ["TASK_SKIPPED"], Z: ["TASK_CANCELLED"], P: ["TASK_PROGRESS"],
};

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

/** The mark of an entry that holds an event; undefined when it does not hold it. */
export function markIn(text: string | undefined, seq: number): string | undefined {
  const [, first, ms] = /^(\d+) (\d+)/.exec(text ?? "") ?? [];
  return first === undefined || Number(first) > seq ? undefined : markOf(Number(ms));
}

/** How many events a line holds. */
function countOf(line: string): number {
  const code = codeOf(line);
  if (code !== "S" && code !== "IC") return code in TYPES ? 1 : 0;
  const [, , first, count] = line.split(" ", 4) as [string, string, string, string];
  return first === "-" ? 1 : Number(count);
}

function codeOf(line: string): string {
  const end = line.indexOf(" ");
  return end < 0 ? line : line.slice(0, end);
}

/** What an entry holds behind a place. */
export interface EntryEvents {
  events: WorkflowEvent[];
  /** Of its last event, also when that is of none of the types asked for. */
  lastSeq: number;
  /** Whether its last event is a terminal one. */
  ended: boolean;
  /** Of the entry. */
  mark: string;
}

/**
 * The events of an entry that lie after `afterSeq`. Those of other types cost next to nothing: an entry can hold thousands.
 * @param entry index of the entry in the log
 * @param types absent: all
 */
export function readEntry(workflowId: string, plan: Plan, entry: number, text: string, afterSeq: number, types?: ReadonlySet<EventType>): EntryEvents {
  const [head, ...lines] = text.split("\n") as [string, ...string[]];
  const [firstSeq, ms] = head.split(" ") as [string, string];
  const atMs = Number(ms);
  const lastSeq = lines.reduce((seq, line) => seq + countOf(line), Number(firstSeq) - 1);
  const events: WorkflowEvent[] = [];
  const mark = markOf(atMs);
  let seq = Number(firstSeq) - 1;
  for (const line of lines) {
    if (types && !TYPES[codeOf(line)]?.some((type) => types.has(type))) {
      seq += countOf(line);
      continue;
    }
    for (const body of bodiesOf(line, plan)) {
      seq++;
      if (seq <= afterSeq || (types && !types.has(body.type))) continue;
      const position: LogPosition = { entry: seq === lastSeq ? entry + 1 : entry, seq, mark };
      if (body.kind === "task" && body.progress) body.progress.atMs = atMs;
      events.push({ ...body, cursor: makeCursor(position), seq, atMs, workflowId } as WorkflowEvent);
    }
  }
  return { events, lastSeq, ended: codeOf(lines.at(-1) ?? "") === "E", mark };
}
