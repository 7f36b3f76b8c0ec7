/** What a workflow waits for from outside, read from its fields: external keys, and answers to signals and approvals. */

import { readSignal } from "../engine/signals.js";
import type { TaskState, WaitReason } from "../engine/snapshot.js";

/** k:<key>: `-` while it has no value, then when it was provided. Keys that were there at submission have no field. */
export function externalKeys(fields: Readonly<Record<string, string>>): { missing: string[]; provided: string[] } {
  const entries = Object.entries(fields).filter(([field]) => field.startsWith("k:"));
  const keys = (isMissing: boolean): string[] => entries.filter(([, value]) => (value === "-") === isMissing).map(([field]) => field.slice(2));
  return { missing: keys(true), provided: keys(false) };
}

/** Puts into waitingFor who waits for signalTask: tasks, and expanded tasks some of whose items do. */
export function addSignals(tasks: readonly TaskState[], fields: Readonly<Record<string, string>>): void {
  const items = new Map<number, number>();
  const byNode = new Map(tasks.map((task) => [task.node.index, task]));
  for (const [field, text] of Object.entries(fields)) {
    const match = /^y(\d+)(:\d+)?$/.exec(field);
    const wait = match ? readSignal(text) : undefined;
    if (!match || !wait) continue;
    const node = Number(match[1]);
    const task = byNode.get(node);
    if (match[2] !== undefined) items.set(node, (items.get(node) ?? 0) + 1);
    else if (task?.status === "WAITING") task.waitingFor = [signalReason(task, wait.prompt ?? "waits for an answer by signalTask")];
  }
  for (const [node, count] of items) {
    const task = byNode.get(node);
    if (task?.status === "RUNNING") task.waitingFor = [{ kind: "SIGNAL", message: `${count} of its items ${count === 1 ? "waits" : "wait"} for an answer by signalTask` }];
  }
}

function signalReason({ waitingFor }: TaskState, message: string): WaitReason {
  const untilMs = waitingFor[0]?.untilMs;
  return { kind: "SIGNAL", message, ...(untilMs === undefined ? {} : { untilMs }) };
}
