/** Checks one workflow against itself: its fields, its counts, what its pending tasks wait for, and its event log. */

import { externalReads, openCount } from "../../engine/TaskGroup.js";
import { taskNodes } from "../../workflow/compensations.js";
import type { Plan, PlanNode } from "../../workflow/plan.js";
import { noCounts, type TaskCounts } from "../../workflow/status.js";
import { itemCounts, readCounts } from "../records.js";
import type { Findings } from "./findings.js";
import { hasEnded, isCutShort, nodesOf, owedCount, type RawRecord, type WorkflowImage } from "./image.js";
import { FIELD_KINDS, fieldKindOf } from "./kinds.js";
import type { FsckReads } from "./reads.js";

const COUNT_OF_LETTER: Readonly<Record<string, Exclude<keyof TaskCounts, "total">>> = {
  R: "ready", Q: "ready", X: "running", E: "running", W: "waiting", C: "completed", F: "failed", S: "skipped", K: "cancelled", T: "timedOut",
};

export function checkWorkflow(image: WorkflowImage, findings: Findings): void {
  checkFields(image, findings);
  checkOwed(image, findings);
  checkCounts(image, findings);
  if (!image.open || !image.plan) return;
  checkGroups(image, image.plan, findings);
  checkWaits(image, image.plan, findings);
}

function checkFields({ fields, key, open }: WorkflowImage, findings: Findings): void {
  for (const field of Object.keys(fields)) {
    const life = fieldKindOf(field)?.kind.life;
    if (life === undefined) findings.add("FIELD_UNKNOWN", key, `The field ${field}`);
    else if (life === "OPEN" && !open) findings.add("FIELD_LEFT", key, `${field} is ${fields[field]}`);
    else if (life === "ENDED" && open) findings.add("STATUS_WRONG", key, `An open workflow has the field ${field}`);
  }
  for (const { name, life } of FIELD_KINDS) {
    if ((life === "ALWAYS" || (life === "ENDED" && !open)) && fields[name] === undefined) findings.add("FIELD_MISSING", key, `The field ${name}`);
  }
}

/** As many are owed as are noted, one after the other. */
function checkOwed({ key, fields }: WorkflowImage, findings: Findings): void {
  const noted = Object.keys(fields).filter((field) => /^cmp\d+$/.test(field)).map((field) => Number(field.slice(3))).sort((a, b) => a - b);
  if (noted.some((at, i) => at !== i + 1)) findings.add("OWED_WRONG", key, `Owed are ${noted.join(", ")}`);
  findings.same("OWED_WRONG", key, "The number of compensations owed", Number(fields["cmp"] ?? 0), noted.length);
}

function checkCounts(image: WorkflowImage, findings: Findings): void {
  const { key, fields, status, open, tasks } = image;
  const counted = countsOf(image);
  const owed = owedCount(image);
  counted.total += owed;
  counted.pending += owed;
  const stored = readCounts(fields["n"] ?? "");
  for (const name of Object.keys(counted) as (keyof TaskCounts)[]) findings.same("COUNTS_WRONG", key, `The count ${name}`, stored[name], counted[name]);
  const left = nodesOf(image).filter((node) => !hasEnded(tasks.get(node))).length;
  findings.same("LEFT_WRONG", key, "The number of open tasks", Number(fields["left"]), left);
  if (open !== left > 0) findings.add("STATUS_WRONG", key, `It is ${status} with ${left} open tasks`);
  if ((status === "F" || status === "X" || status === "T") !== (fields["bad"] !== undefined) && !open) findings.add("STATUS_WRONG", key, `It is ${status} and has ${fields["bad"] === undefined ? "no" : "an"} error`);
}

/** The counts that the records come to. @param nodes whose; absent: all */
export function countsOf(image: WorkflowImage, nodes: readonly string[] = nodesOf(image)): TaskCounts {
  const counts = noCounts();
  for (const node of nodes) {
    const record = image.tasks.get(node);
    const x = image.items.get(node);
    if (x && x.total > 0 && record && (record.letter === "E" || record.phase === "c" || hasEnded(record))) {
      const status = hasEnded(record) || isCutShort(x) ? "CANCELLED" : "RUNNING";
      const ofItems = itemCounts(x, status);
      for (const name of Object.keys(counts) as (keyof TaskCounts)[]) counts[name] += ofItems[name];
    } else {
      counts.total++;
      counts[countFor(record)]++;
    }
  }
  return counts;
}

/** A task whose output is being collected runs, whether that has been claimed or not. */
function countFor(record: RawRecord | undefined): Exclude<keyof TaskCounts, "total"> {
  if (!record) return "pending";
  if (record.phase === "c" && record.letter === "R") return "running";
  return COUNT_OF_LETTER[record.letter] ?? "pending";
}

function checkGroups({ key, fields, tasks }: WorkflowImage, plan: Plan, findings: Findings): void {
  const open = new Map<string, number>();
  for (const node of taskNodes(plan)) {
    if (hasEnded(tasks.get(String(node.index)))) continue;
    for (const group of node.groupChain.split(".")) open.set(group, (open.get(group) ?? 0) + 1);
  }
  for (const { index, address } of plan.groups) {
    // A group whose tasks all stayed as they were when the workflow was retried is not counted again.
    const left = fields[`g${index}`]?.split(" ", 1)[0] ?? "0";
    findings.same("LEFT_WRONG", key, `The number of open tasks of ${address}`, Number(left), open.get(String(index)) ?? 0);
  }
}

/** Every pending task waits for something, and counts exactly what it waits for. */
function checkWaits({ key, fields, tasks }: WorkflowImage, plan: Plan, findings: Findings): void {
  for (const node of taskNodes(plan)) {
    const waits = fields[`o${node.index}`];
    if (tasks.has(String(node.index))) {
      if (waits !== undefined) findings.add("WAITS_WRONG", key, `${node.address} is not pending and counts ${waits} things to wait for`);
      continue;
    }
    const open = node.needs.filter(({ from }) => !hasEnded(tasks.get(String(from)))).length + missingKeys(plan, node, fields);
    if (open === 0) findings.add("TASK_STUCK", key, `${node.address} is pending and waits for nothing`);
    else findings.same("WAITS_WRONG", key, `What ${node.address} counts to wait for`, Number(waits ?? openCount(plan, node)), open);
  }
}

function missingKeys(plan: Plan, node: PlanNode, fields: Readonly<Record<string, string>>): number {
  return externalReads(plan, node).filter((name) => fields[`k:${name}`] === "-").length;
}

/** Entries follow one another without a hole, and the last event is an end exactly when the workflow has ended. */
export async function checkLog({ key, fields, open }: WorkflowImage, log: string, reads: FsckReads, findings: Findings): Promise<void> {
  let seq = 0;
  let entries = 0;
  let last = "";
  for await (const entry of reads.list(log)) {
    const [head = "", ...lines] = entry.split("\n");
    if (Number(head.split(" ", 1)[0]) !== seq + 1) findings.add("LOG_WRONG", log, `Entry ${entries} begins with ${head.split(" ", 1)[0]}, should with ${seq + 1}`);
    seq = Number(head.split(" ", 1)[0]) - 1 + lines.reduce((sum, line) => sum + eventsIn(line), 0);
    entries++;
    last = lines[lines.length - 1] ?? "";
  }
  if (entries === 0) return findings.add("KEY_MISSING", log, "A workflow without an event log");
  findings.same("LOG_WRONG", key, "seq", Number(fields["seq"]), seq);
  findings.same("LOG_WRONG", key, "The number of entries", Number(fields["ev"]), entries);
  if (last.startsWith("E ") === open) findings.add("LOG_END_WRONG", log, `Its last line is ${JSON.stringify(last)}, and the workflow is ${open ? "open" : "not"}`);
}

/** Lines of starts and of completed items tell of runs of items, all others of one event. */
function eventsIn(line: string): number {
  return /^(S|IC) /.test(line) ? Number(line.split(" ", 4)[3]) : 1;
}
