/** Checks an expanded group: each instance runs, has ended and is packed, or is still to start; and the counts say so. */

import { instancePath, readNodeKey, type InstancePath } from "../../engine/nodeKey.js";
import { addCounts, noCounts, type TaskCounts } from "../../workflow/status.js";
import { itemField, unpacked } from "../NodeFields.js";
import { expandStatuses, readCounts, type ItemsRecord } from "../records.js";
import type { Findings } from "./findings.js";
import type { WorkflowImage } from "./image.js";
import type { FsckReads } from "./reads.js";
import { countsIn, many, scopesIn, TAKEN, tasksInside } from "./scopes.js";

const INSTANCES_PER_READ = 200;

interface Tally { completed: number; failed: number; active: number; lost: number[]; unpacked: number[]; counts: TaskCounts }

/** What a group's instances are found by. */
interface Group { image: WorkflowImage; x: ItemsRecord; node: number; path: InstancePath | undefined; key: string; live: ReadonlySet<InstancePath>; runs: boolean; unstartedAs: "cancelled" | "timedOut" }

/** @param key of the items' hash, which all instances of the group share */
export async function checkInstances(image: WorkflowImage, name: string, key: string, reads: FsckReads, findings: Findings): Promise<void> {
  const x = image.items.get(name) as ItemsRecord;
  const record = image.tasks.get(name);
  const runs = image.open && record?.letter === "E";
  const live = new Set(scopesIn(image.fields).map(({ path }) => path));
  const tally = await tallyOf({ image, x, ...readNodeKey(name), path: readNodeKey(name).path, key, live, runs, unstartedAs: TAKEN[image.fields[`u${name}`] ?? "K"] ?? "cancelled" }, reads);
  for (const count of ["completed", "failed", "active"] as const) {
    findings.same("ITEMS_WRONG", image.key, `The count ${count} of the instances of group ${name}`, x[count], tally[count]);
  }
  findings.same("ITEMS_WRONG", image.key, `The count running of the instances of group ${name}`, x.running, x.active);
  if (!runs && tally.active > 0) findings.add("ITEMS_WRONG", image.key, `Group ${name} does not run instances and has ${tally.active}`);
  if (tally.lost.length > 0) findings.add("ITEM_LOST", image.key, `Instances ${tally.lost.slice(0, 10).join(", ")} of group ${name} neither run nor have ended`);
  if (tally.unpacked.length > 0) findings.add("ITEMS_WRONG", image.key, `Instances ${tally.unpacked.slice(0, 10).join(", ")} of group ${name} have ended without a record of their tasks`);
  const stored = readCounts(image.fields[`n${name}`] ?? "");
  for (const count of Object.keys(stored) as (keyof TaskCounts)[]) {
    findings.same("COUNTS_WRONG", image.key, `The count ${count} of the tasks in ended instances of group ${name}`, stored[count], tally.counts[count]);
  }
  if (runs && tally.active === 0) findings.add("TASK_STUCK", image.key, `No instance of group ${name} runs, and nothing collects or starts them`);
}

async function tallyOf(group: Group, reads: FsckReads): Promise<Tally> {
  const { x, key, path } = group;
  const tally: Tally = { completed: 0, failed: 0, active: 0, lost: [], unpacked: [], counts: noCounts() };
  for (let first = 0; first < x.total; first += INSTANCES_PER_READ) {
    const positions = Array.from({ length: Math.min(INSTANCES_PER_READ, x.total - first) }, (_, i) => first + i);
    const statuses = await statusesOf(group, positions, reads);
    const packed = await reads.hashFields(key, positions.map((index) => itemField(path, `t${index}`)));
    positions.forEach((index, i) => tallyInstance(tally, group, index, statuses[i] as string, packed[i] ?? null));
  }
  return tally;
}

async function statusesOf({ x: { chunk, total }, key, path }: Group, positions: readonly number[], reads: FsckReads): Promise<string[]> {
  const chunks = [...new Set(positions.map((index) => Math.floor(index / chunk)))];
  const texts = await reads.hashFields(key, chunks.map((c) => itemField(path, `s${c}`)));
  const letters = new Map(chunks.map((c, i) => [c, expandStatuses(texts[i] ?? null, Math.min(chunk, total - c * chunk))]));
  return positions.map((index) => letters.get(Math.floor(index / chunk))?.charAt(index % chunk) ?? ".");
}

function tallyInstance(tally: Tally, { image, x, node, path, live, runs, unstartedAs }: Group, index: number, letter: string, packed: string | null): void {
  if (packed !== null) {
    const fields = unpacked(packed);
    addCounts(tally.counts, countsIn(image.fields, String(node), (kind, inside) => fields[`${kind}${inside}`]));
  }
  if (letter === "C") tally.completed++;
  if (letter === "F") tally.failed++;
  if (live.has(instancePath(path, node, index))) tally.active++;
  else if (letter === "C" || letter === "F") {
    if (packed === null) tally.unpacked.push(index);
  } else if (runs) {
    if (index < x.next) tally.lost.push(index);
  } else if (packed === null) addCounts(tally.counts, many(unstartedAs, tasksInside(image.fields, String(node))));
}
