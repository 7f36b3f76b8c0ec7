/** What units that wait are waiting for, as the fields say that they left: answers, sub-workflows, times. */

import { readChild } from "../engine/children.js";
import { readSignal } from "../engine/signals.js";
import type { WaitReason } from "../engine/snapshot.js";
import type { Fields } from "./groupStates.js";
import { readRecord } from "./records.js";

/** Of the items of one expanded task. */
export interface ItemWaits {
  /** For somebody outside: people, sub-workflows. */
  outside: WaitReason[];
  /** For a time to come. */
  times: WaitReason[];
}

/** @param left what the unit left to be recorded when the wait is over; absent: it is to be tried again */
export function unitWait(left: string | undefined, untilMs: number | undefined): WaitReason {
  const until = untilMs === undefined ? {} : { untilMs };
  const signal = readSignal(left);
  if (signal) return { kind: "SIGNAL", message: signal.prompt ?? "waits for an answer by signalTask", ...until };
  const child = readChild(left);
  if (child) return { kind: "WORKFLOW", key: child.childId, message: `runs as the workflow ${child.childId}` };
  return { kind: left === undefined ? "BACKOFF" : "TIMER", message: "waits for its time", ...until };
}

const SEVERAL: Readonly<Record<string, (count: number) => string>> = {
  SIGNAL: (n) => `${n} of its items ${n === 1 ? "waits" : "wait"} for an answer by signalTask`,
  WORKFLOW: (n) => `${n} of its items ${n === 1 ? "runs as a workflow" : "run as workflows"}`,
  BACKOFF: (n) => `${n} of its items ${n === 1 ? "waits" : "wait"} to be tried again`,
  TIMER: (n) => `${n} of its items ${n === 1 ? "waits for its" : "wait for their"} time`,
};

/** By task: the waits of those of its items that have a unit of their own. */
export function itemWaits(fields: Fields, submittedMs: number): Map<number, ItemWaits> {
  const found = new Map<number, Map<string, { count: number; untilMs?: number }>>();
  for (const [field, text] of Object.entries(fields)) {
    const match = text.startsWith("W ") ? /^(\d+):(\d+)$/.exec(field) : null;
    if (!match) continue;
    const { kind, untilMs } = unitWait(fields[`y${field}`], readRecord(text, submittedMs).untilMs);
    const node = Number(match[1]);
    const kinds = found.get(node) ?? new Map<string, { count: number; untilMs?: number }>();
    const { count, untilMs: sooner } = kinds.get(kind) ?? { count: 0 };
    kinds.set(kind, { count: count + 1, untilMs: Math.min(untilMs ?? Infinity, sooner ?? Infinity) });
    found.set(node, kinds);
  }
  return new Map([...found].map(([node, kinds]) => [node, reasonsOf(kinds)]));
}

function reasonsOf(kinds: ReadonlyMap<string, { count: number; untilMs?: number }>): ItemWaits {
  const reasons = (names: readonly string[]): WaitReason[] => names.flatMap((kind) => {
    const wait = kinds.get(kind);
    if (!wait) return [];
    // The first of them that can go on by itself.
    const until = kind === "WORKFLOW" || wait.untilMs === undefined || wait.untilMs === Infinity ? {} : { untilMs: wait.untilMs };
    return [{ kind, message: SEVERAL[kind]?.(wait.count) ?? "", ...until }];
  });
  return { outside: reasons(["SIGNAL", "WORKFLOW"]), times: reasons(["BACKOFF", "TIMER"]) };
}
