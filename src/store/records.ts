/** The texts that the Lua scripts keep in a workflow's hash, read back as values; lua/include/workflow.lua writes them. */

import type { TaskCounts, TaskStatus, WorkflowStatus } from "../workflow/status.js";
import type { UnitRecord } from "../engine/ports.js";

export const WORKFLOW_STATUS: Readonly<Record<string, WorkflowStatus>> = { P: "PENDING", R: "RUNNING", H: "PAUSED", C: "COMPLETED", F: "FAILED", X: "CANCELLED", T: "TIMED_OUT" };
export const WORKFLOW_LETTER: Readonly<Partial<Record<WorkflowStatus, string>>> = { PENDING: "P", RUNNING: "R", PAUSED: "H", COMPLETED: "C", FAILED: "F", CANCELLED: "X", TIMED_OUT: "T" };

const TASK_STATUS: Readonly<Record<string, TaskStatus>> = {
  R: "READY", Q: "READY", X: "RUNNING", W: "WAITING", E: "RUNNING", C: "COMPLETED", F: "FAILED", S: "SKIPPED", K: "CANCELLED", T: "TIMED_OUT",
};
export const OUTCOME_LETTER = { COMPLETED: "C", FAILED: "F", SKIPPED: "S", TIMED_OUT: "T" } as const;

export interface TaskRecord extends UnitRecord {
  phase: string;
  readyMs?: number;
  finishedMs?: number;
  untilMs?: number;
}

/** @param submittedMs what the record's times count from */
export function readRecord(text: string, submittedMs: number): TaskRecord {
  const [letter, attempt, token, losses, ready, started, finished, worker, phase, until] = text.split(" ") as [string, ...string[]];
  const time = (value: string | undefined): number | undefined => (value === undefined || value === "0" ? undefined : submittedMs + Number(value));
  // A task queued for the making of its output is still running to everyone outside.
  const status = (phase === "c" || phase === "j") && (letter === "R" || letter === "X") ? "RUNNING" : (TASK_STATUS[letter] ?? "PENDING");
  const everReady = letter !== "S" || token !== "0";
  return {
    status,
    attempt: Number(attempt),
    token: token ?? "0",
    losses: Number(losses),
    phase: phase ?? "p",
    ...(worker === undefined || worker === "-" ? {} : { worker }),
    readyMs: everReady && letter !== "K" && !(letter === "T" && token === "0") ? submittedMs + Number(ready) : time(ready),
    startedMs: everReady && (started !== "0" || token !== "0") ? submittedMs + Number(started) : undefined,
    finishedMs: letter === "C" || letter === "F" || letter === "S" || letter === "K" || letter === "T" ? submittedMs + Number(finished) : undefined,
    untilMs: letter === "W" ? time(until) : undefined,
  };
}

/** As Lua's COUNT has them. */
const COUNT_ORDER = ["total", "pending", "ready", "running", "waiting", "completed", "failed", "skipped", "cancelled", "timedOut"] as const;

export function readCounts(text: string): TaskCounts {
  const texts = text.split(" ");
  const at = (index: number): number => Number(texts[index] ?? 0);
  return {
    total: at(0), pending: at(1), ready: at(2), running: at(3), waiting: at(4), completed: at(5), failed: at(6), skipped: at(7), cancelled: at(8), timedOut: at(9),
  };
}

export function countsText(counts: TaskCounts): string {
  return COUNT_ORDER.map((key) => counts[key]).join(" ");
}

/** x<k>: the items phase of an expanded task. */
export interface ItemsRecord {
  total: number; chunk: number; next: number; active: number; ready: number; running: number; waiting: number;
  completed: number; failed: number; tolerated: number; failFast: number; window: number;
  /** 1 while a limit of its group keeps it from admitting more. */
  held: number;
}
const ITEMS_ORDER = ["total", "chunk", "next", "active", "ready", "running", "waiting", "completed", "failed", "tolerated", "failFast", "window", "held"] as const;

export function readItemsRecord(text: string): ItemsRecord {
  const numbers = text.split(" ").map(Number);
  return Object.fromEntries(ITEMS_ORDER.map((key, index) => [key, numbers[index] ?? 0])) as unknown as ItemsRecord;
}

export function itemCounts(x: ItemsRecord, taskStatus: TaskStatus): TaskCounts {
  const open = x.total - x.completed - x.failed;
  const pending = open - x.ready - x.running - x.waiting;
  const dropped = taskStatus === "COMPLETED" || taskStatus === "FAILED" || taskStatus === "CANCELLED" || taskStatus === "TIMED_OUT" || x.failed > x.tolerated && x.failFast === 1;
  return {
    total: x.total, pending: dropped ? 0 : pending, ready: x.ready, running: x.running, waiting: x.waiting,
    completed: x.completed, failed: x.failed, skipped: 0, cancelled: dropped ? open : 0, timedOut: 0,
  };
}

/** The statuses of a chunk's items, one letter each; the store writes "C" for a chunk that completed whole. */
export function expandStatuses(text: string | null, size: number): string {
  if (text === null) return ".".repeat(size);
  return text === "C" && size > 1 ? "C".repeat(size) : text;
}

export function itemStatus(letter: string, taskStatus: TaskStatus): TaskStatus {
  if (letter === "C") return "COMPLETED";
  if (letter === "F") return "FAILED";
  return taskStatus === "RUNNING" || taskStatus === "READY" || taskStatus === "WAITING" ? "PENDING" : "CANCELLED";
}

/** A line of r<c>: letter offset count attempt token startedMs finishedMs text */
export interface PieceLine { letter: string; offset: number; count: number; attempt: number; startedMs: number; finishedMs: number; text: string }

export function readPieces(text: string, submittedMs: number): PieceLine[] {
  return text.split("\n").map((line) => {
    const head = line.split(" ", 7);
    const length = head.reduce((sum, part) => sum + part.length + 1, 0);
    return {
      letter: head[0] as string, offset: Number(head[1]), count: Number(head[2]), attempt: Number(head[3]),
      startedMs: submittedMs + Number(head[5]), finishedMs: submittedMs + Number(head[6]), text: line.slice(length),
    };
  });
}

/**
 * The texts of the elements of a JSON list, without parsing them: results pass from store to reader as they were written.
 * @param text made by JSON.stringify: no white space outside strings.
 */
export function elementTexts(text: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let start = 1;
  for (let i = 0; i < text.length; i++) {
    const ch = text.charCodeAt(i);
    if (ch === 34) {
      for (i++; text.charCodeAt(i) !== 34; i++) if (text.charCodeAt(i) === 92) i++;
    } else if (ch === 91 || ch === 123) depth++;
    else if (ch === 93 || ch === 125) {
      depth--;
      if (depth === 0 && i > start) out.push(text.slice(start, i));
    } else if (ch === 44 && depth === 1) {
      out.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return out;
}
