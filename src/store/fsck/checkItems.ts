/** Checks an expanded task: every item has ended, stands in exactly one unit, or is still to be admitted; and the counts say so. */

import { readNodeKey, type InstancePath } from "../../engine/nodeKey.js";
import { itemField } from "../NodeFields.js";
import { expandStatuses, type ItemsRecord } from "../records.js";
import type { Findings } from "./findings.js";
import { hasEnded, isCutShort, type RawRecord, type WorkflowImage } from "./image.js";
import type { FsckReads } from "./reads.js";

const CHUNKS_PER_READ = 500;

interface Tally { ready: number; running: number; waiting: number; completed: number; failed: number; lost: number[] }

/** @param key of the items' hash, which all instances that a task stands in share */
export async function checkItems(image: WorkflowImage, node: string, key: string, reads: FsckReads, findings: Findings): Promise<void> {
  const x = image.items.get(node) as ItemsRecord;
  const record = image.tasks.get(node);
  const units = image.units.get(node) ?? new Map<string, RawRecord>();
  const runs = image.open && record?.letter === "E" && !isCutShort(x);
  if (!runs && units.size > 0) findings.add("ITEMS_WRONG", image.key, `Task ${node} does not run items and has the units ${[...units.keys()].join(", ")}`);
  const tally = await tallyOf(x, units, runs, { key, path: readNodeKey(node).path }, reads);
  for (const name of ["completed", "failed", "ready", "running", "waiting"] as const) {
    findings.same("ITEMS_WRONG", image.key, `The count ${name} of the items of task ${node}`, x[name], tally[name]);
  }
  if (runs) findings.same("ITEMS_WRONG", image.key, `The count active of the items of task ${node}`, x.active, x.ready + x.running + x.waiting);
  if (tally.lost.length > 0) findings.add("ITEM_LOST", image.key, `Items ${tally.lost.slice(0, 10).join(", ")} of task ${node} are in no unit`);
  const stalled = runs && record && x.completed + x.failed === x.total && !hasEnded(record);
  if (stalled) findings.add("TASK_STUCK", image.key, `All items of task ${node} have ended, and nothing collects them`);
}

async function tallyOf(x: ItemsRecord, units: ReadonlyMap<string, RawRecord>, runs: boolean, { key, path }: { key: string; path: InstancePath | undefined }, reads: FsckReads): Promise<Tally> {
  const tally: Tally = { ready: 0, running: 0, waiting: 0, completed: 0, failed: 0, lost: [] };
  const chunks = Math.ceil(x.total / Math.max(1, x.chunk));
  for (let first = 0; first < chunks; first += CHUNKS_PER_READ) {
    const numbers = Array.from({ length: Math.min(CHUNKS_PER_READ, chunks - first) }, (_, i) => first + i);
    const texts = await reads.hashFields(key, numbers.map((c) => itemField(path, `s${c}`)));
    numbers.forEach((c, i) => tallyChunk(tally, x, c, texts[i] ?? null, units, runs));
  }
  return tally;
}

function tallyChunk(tally: Tally, x: ItemsRecord, c: number, text: string | null, units: ReadonlyMap<string, RawRecord>, runs: boolean): void {
  const statuses = expandStatuses(text, Math.min(x.chunk, x.total - c * x.chunk));
  for (let i = 0; i < statuses.length; i++) {
    const letter = statuses[i];
    const item = c * x.chunk + i;
    if (letter === "C") tally.completed++;
    else if (letter === "F") tally.failed++;
    else if (runs) {
      const unit = units.get(letter === "r" ? String(item) : `r${c}`);
      if (unit) tally[unit.letter === "R" ? "ready" : unit.letter === "W" ? "waiting" : "running"]++;
      else if (letter === "r" || c < x.next) tally.lost.push(item);
    }
  }
}
