/** A task's life as pieces on a line: queued, each attempt, and the waits between them. */

import type { ConsoleTimelineQuery } from "../../generated/graphql.js";
import { isEnd, statusClass } from "../ui/status.js";

export type TimelineTask = NonNullable<ConsoleTimelineQuery["workflow"]>["tasks"]["nodes"][number];

export interface Segment {
  kind: "queued" | "attempt" | "wait" | "items";
  fromMs: number;
  toMs: number;
  /** For the colour. */
  status: string;
  text: string;
}

export function segmentsOf(task: TimelineTask, nowMs: number): Segment[] {
  const endMs = task.finishedAt ? Date.parse(task.finishedAt) : nowMs;
  const segments: Segment[] = [];
  const first = task.attempts[0]?.startedAt ?? task.startedAt;
  if (task.readyAt) {
    segments.push({ kind: "queued", fromMs: Date.parse(task.readyAt), toMs: first ? Date.parse(first) : endMs, status: "s-ready", text: "queued" });
  }
  if (task.attempts.length === 0 && task.startedAt) {
    segments.push({ kind: task.counts ? "items" : task.status === "WAITING" ? "wait" : "attempt", fromMs: Date.parse(task.startedAt), toMs: endMs, status: statusClass(task.status), text: task.counts ? "items" : "ran" });
  }
  for (const [index, attempt] of task.attempts.entries()) {
    const isLast = index === task.attempts.length - 1;
    const from = Date.parse(attempt.startedAt);
    const to = attempt.finishedAt ? Date.parse(attempt.finishedAt) : isLast ? endMs : from;
    const before = task.attempts[index - 1];
    if (before?.finishedAt) segments.push({ kind: "wait", fromMs: Date.parse(before.finishedAt), toMs: from, status: "s-waiting", text: "waited before the next attempt" });
    const decides = isLast && (isEnd(task.status) || !attempt.finishedAt);
    const status = decides ? statusClass(task.status) : attempt.error ? "s-failed" : "s-completed";
    segments.push({ kind: decides && task.status === "WAITING" ? "wait" : "attempt", fromMs: from, toMs: to, status, text: `attempt ${attempt.number}${attempt.error ? `: ${attempt.error.code} ${attempt.error.message}` : ""}` });
    if (isLast && attempt.finishedAt && !isEnd(task.status)) segments.push({ kind: "wait", fromMs: to, toMs: nowMs, status: "s-waiting", text: task.waitingFor[0]?.message ?? "waits" });
  }
  return segments;
}

/** About five round steps over the whole length. */
export function ticksOf(lengthMs: number): number[] {
  const rough = Math.max(1, lengthMs / 5);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = rough < 60_000
    ? ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
    : [60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000].find((one) => one >= rough) ?? Math.ceil(rough / 86_400_000) * 86_400_000;
  const ticks: number[] = [];
  for (let at = 0; at <= lengthMs; at += step) ticks.push(at);
  return ticks;
}
