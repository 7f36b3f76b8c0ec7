/** The scopes of a workflow as its records have them: its own, and one for each instance of an expanded group that runs. */

import { splitPath, type InstancePath } from "../../engine/nodeKey.js";
import { addCounts, noCounts, type TaskCounts } from "../../workflow/status.js";
import { itemCounts, readCounts, readItemsRecord } from "../records.js";
import { hasEnded, isCutShort, readRawRecord, type RawRecord, type WorkflowImage } from "./image.js";

type Fields = Readonly<Record<string, string>>;

export interface ScopeImage {
  /** Empty: the workflow's own. */
  path: InstancePath;
  /** What stands behind the names of its tasks and groups. */
  suffix: string;
  /** The node of the group that it is an instance of; empty for the workflow's own. */
  owner: string;
}

/** An instance runs as long as its groups are counted. */
export function scopesIn(fields: Fields): ScopeImage[] {
  const paths = new Set(Object.keys(fields).flatMap((field) => /^g\d+@(.+)$/.exec(field)?.[1] ?? []));
  const inside = [...paths].map((path): ScopeImage => ({ path, suffix: `@${path}`, owner: String(splitPath(path).group) }));
  return [{ path: "", suffix: "", owner: "" }, ...inside];
}

/** Tasks, and expanded groups, that stand in a scope directly. */
export function membersOf(fields: Fields, owner: string): { node: string; isGroup: boolean }[] {
  const text = fields[`s${owner}`];
  if (text === undefined) return Array.from({ length: Number(fields["nn"] ?? 0) }, (_, k) => ({ node: String(k), isGroup: false }));
  return text.split(" ").filter((name) => name !== "").map((name) => ({ node: name.replace("g", ""), isGroup: name.startsWith("g") }));
}

/** What undoes a task has a record once it has begun, and outlives the instance that it stands in. @param node 5, or 5@3.7 */
export function isCompensation(fields: Fields, node: string): boolean {
  return Number(/^\d+/.exec(node)?.[0]) >= Number(fields["nn"]);
}

/** The counts that a workflow's records come to. */
export function countsOf({ fields, tasks }: WorkflowImage): TaskCounts {
  const scopes = scopesIn(fields).map(({ owner, suffix }) => countsIn(fields, owner, (kind, node) => fields[`${kind}${node}${suffix}`]));
  const undoing = [...tasks].filter(([node]) => isCompensation(fields, node)).map(([node, record]) => ofTask(record, fields[`x${node}`]));
  return [...scopes, ...undoing].reduce(addCounts, noCounts());
}

/**
 * Of one scope: of groups in it what they have added up, and what has not started; instances that run count for themselves.
 * @param fields of the workflow, which tell what stands in which scope
 * @param at a field of a node: "" its record, x, n
 */
export function countsIn(fields: Fields, owner: string, at: (kind: string, node: string) => string | undefined): TaskCounts {
  const counts = noCounts();
  for (const { node, isGroup } of membersOf(fields, owner)) {
    const text = at("", node);
    const record = text === undefined ? undefined : readRawRecord(text);
    const items = at("x", node);
    addCounts(counts, isGroup ? ofGroup(record, items, at("n", node), tasksInside(fields, node)) : ofTask(record, items));
  }
  return counts;
}

/** How many tasks an instance of a group has before it runs. */
export function tasksInside(fields: Fields, group: string): number {
  return Number(fields[`m${group}`] ?? 0);
}

export function many(status: Exclude<keyof TaskCounts, "total">, count: number): TaskCounts {
  return { ...noCounts(), total: count, [status]: count };
}

/** How tasks that a group never had end with it. */
export const TAKEN: Readonly<Record<string, "cancelled" | "timedOut">> = { K: "cancelled", T: "timedOut" };

function ofGroup(record: RawRecord | undefined, items: string | undefined, added: string | undefined, inside: number): TaskCounts {
  if (items === undefined) return many(record && hasEnded(record) ? (TAKEN[record.letter] ?? "skipped") : "pending", inside);
  const { total, completed, failed, active } = readItemsRecord(items);
  const unstarted = record?.letter === "E" ? total - completed - failed - active : 0;
  return addCounts(many("pending", inside * unstarted), readCounts(added ?? ""));
}

const COUNT_OF_LETTER: Readonly<Record<string, Exclude<keyof TaskCounts, "total">>> = {
  R: "ready", Q: "ready", X: "running", E: "running", W: "waiting", C: "completed", F: "failed", S: "skipped", K: "cancelled", T: "timedOut",
};

/** @param items its field x, when it is expanded */
export function ofTask(record: RawRecord | undefined, items: string | undefined): TaskCounts {
  const x = items === undefined ? undefined : readItemsRecord(items);
  if (!x || x.total === 0 || !record || !isCounted(record)) return many(countFor(record), 1);
  return itemCounts(x, hasEnded(record) || isCutShort(x) ? "CANCELLED" : "RUNNING");
}

/** Whether its items are counted: of a task that starts over there is nothing to count yet. */
export function isCounted(record: RawRecord): boolean {
  return record.letter === "E" || record.phase === "c" || record.phase === "j" || hasEnded(record);
}

/** A task whose output is being collected runs, whether that has been claimed or not. */
function countFor(record: RawRecord | undefined): Exclude<keyof TaskCounts, "total"> {
  if (!record) return "pending";
  if (record.phase === "c" && record.letter === "R") return "running";
  return COUNT_OF_LETTER[record.letter] ?? "pending";
}
