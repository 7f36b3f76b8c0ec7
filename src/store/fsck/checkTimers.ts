/** Checks that whatever ends at a time has its timer and its lease, and that timers and leases are of something that runs. */

import type { Findings } from "./findings.js";
import { delayedAt, hasEnded, isCutShort, recordAt, unitImages, type RawRecord, type WorkflowImage } from "./image.js";
import { fieldKindOf, NODE, UNIT } from "./kinds.js";

export interface TimersAndLeases {
  timersKey: string;
  /** Member to due ms. */
  timers: ReadonlyMap<string, number>;
  leasesKey: string;
  leases: Readonly<Record<string, string>>;
}

const DEADLINE = new RegExp(`^E (\\S+) ([tg]${NODE}|w) (\\d+)$`);
const UNIT_TIMER = new RegExp(`^([TRDB]) (\\S+) (${NODE}) (-|${UNIT}) (\\d+)$`);

/** @param workflows of the shard, by id */
export function checkTimers(shard: TimersAndLeases, workflows: ReadonlyMap<string, WorkflowImage>, findings: Findings): void {
  for (const member of shard.timers.keys()) checkTimer(member, shard, workflows, findings);
  const leased = unitsByLease(shard, findings);
  const running = new Map<string, number>();
  for (const image of workflows.values()) {
    const { so: owes, sk: session } = image.fields;
    if (owes !== undefined && !shard.timers.has(`S ${image.id} ${session}`)) findings.add("TIMER_MISSING", image.key, "It owes its session something, and no timer carries it over");
    if (!image.open && !shard.timers.has(`X ${image.id}`)) findings.add("RETENTION_WRONG", image.key, "It has ended, and no timer removes it");
    if (!image.open) continue;
    for (const [field, due] of Object.entries(image.fields)) {
      const subject = fieldKindOf(field)?.kind.name === "deadline" ? field.slice(1) : undefined;
      if (subject !== undefined && !shard.timers.has(`E ${image.id} ${subject} ${due}`)) findings.add("TIMER_MISSING", image.key, `${field} is over at ${due}, and no timer says so`);
    }
    for (const { node, unit, record } of unitImages(image)) {
      for (const timer of timersOf(image, node, unit, record)) if (!shard.timers.has(timer)) findings.add("TIMER_MISSING", image.key, `${node} ${unit} has no timer ${timer}`);
      if (record.letter !== "X") continue;
      running.set(record.token, (running.get(record.token) ?? 0) + 1);
      if (!leased.get(record.token)?.has(`${image.id} ${node} ${unit}`)) findings.add("LEASE_MISSING", image.key, `${node} ${unit} runs under ${record.token}`);
    }
  }
  checkLeases(shard, leased, running, workflows, findings);
}

/** That of its attempt or its wait, and that of its handler's silence. */
function timersOf(image: WorkflowImage, node: string, unit: string, record: RawRecord): string[] {
  const timer = timerOf(image, node, unit, record);
  const task = image.plan?.nodes[Number(node.split("@", 1)[0])]?.task;
  const beats = record.letter === "X" && (record.phase === "p" || record.phase === "i") && task?.heartbeatTimeoutMs !== undefined;
  return [...(timer === undefined ? [] : [timer]), ...(beats ? [`B ${image.id} ${node} ${unit} ${record.token}`] : [])];
}

/** The timer that a unit in this state has; none while the workflow is paused, but for attempts that run. */
function timerOf(image: WorkflowImage, node: string, unit: string, record: RawRecord): string | undefined {
  if (record.untilMs === "0") return undefined;
  const tail = `${image.id} ${node} ${unit}`;
  if (record.letter === "X") return `T ${tail} ${record.token}`;
  if (record.letter !== "W" || image.status === "H") return undefined;
  return delayedAt(image, node, unit) === undefined ? `R ${tail} ${record.attempt}` : `D ${tail} ${record.token}`;
}

function checkTimer(member: string, { timersKey, leases }: TimersAndLeases, workflows: ReadonlyMap<string, WorkflowImage>, findings: Findings): void {
  const [kind, subject = ""] = member.split(" ", 2);
  if (kind === "X") {
    if (workflows.get(subject)?.open !== false) findings.add("RETENTION_WRONG", timersKey, `${member}: the workflow is ${workflows.has(subject) ? "open" : "gone"}`);
    return;
  }
  if (kind === "L") {
    if (leases[subject] === undefined) findings.add("TIMER_STALE", timersKey, `${member}: there is no such lease`);
    return;
  }
  // It outlives the debt until it is settled, and a workflow that was deleted leaves its session by it.
  if (kind === "S") return;
  const [, owner = "", about, due] = DEADLINE.exec(member) ?? [];
  if (due !== undefined) {
    if (!workflows.get(owner)?.open || workflows.get(owner)?.fields[`u${about}`] !== due) findings.add("TIMER_STALE", timersKey, `${member}: there is no such deadline`);
    return;
  }
  // Sub-workflows may lie in other shards; what has become of both is looked at when the timer is due.
  if (kind === "N" || kind === "V" || kind === "A") return;
  const match = UNIT_TIMER.exec(member);
  if (!match) return findings.add("TIMER_MALFORMED", timersKey, member);
  const [, , id, node, unit] = match as unknown as [string, string, string, string, string];
  const image = workflows.get(id);
  const record = recordAt(image, node, unit);
  if (!image?.open || !record || !timersOf(image, node, unit, record).includes(member)) findings.add("TIMER_STALE", timersKey, `${member}: the unit is ${record?.letter ?? "gone"}`);
}

/** Token to its units, as texts `workflow node unit`. */
function unitsByLease({ leases, leasesKey }: TimersAndLeases, findings: Findings): Map<string, Set<string>> {
  const units = new Map<string, Set<string>>();
  for (const [field, text] of Object.entries(leases)) {
    if (field === "n") continue;
    const token = field.replace(/n$/, "");
    if (!/^\d+$/.test(token)) findings.add("FIELD_UNKNOWN", leasesKey, `The field ${field}`);
    else if (field !== token) {
      if (leases[token] === undefined) findings.add("LEASE_COUNT_WRONG", leasesKey, `${field} counts the units of no lease`);
    } else units.set(token, new Set(text.split("\n").slice(1)));
  }
  return units;
}

function checkLeases({ leases, leasesKey, timers }: TimersAndLeases, leased: ReadonlyMap<string, ReadonlySet<string>>, running: ReadonlyMap<string, number>, workflows: ReadonlyMap<string, WorkflowImage>, findings: Findings): void {
  for (const [token, units] of leased) {
    const count = Number(leases[`${token}n`] ?? 1);
    const runs = running.get(token) ?? 0;
    if (runs > 0 && !timers.has(`L ${token}`)) findings.add("TIMER_MISSING", leasesKey, `The lease ${token} has no timer`);
    if (runs === 0) findings.add("LEASE_STALE", leasesKey, `Nothing runs under ${token}`);
    // Units that were cancelled are not counted off; the lease goes when it is due.
    else if (count < runs || (count > runs && ![...units].some((unit) => mayBeCancelled(unit, workflows)))) {
      findings.add("LEASE_COUNT_WRONG", leasesKey, `The lease ${token} counts ${count}, and ${runs} run`);
    }
  }
}

function mayBeCancelled(unit: string, workflows: ReadonlyMap<string, WorkflowImage>): boolean {
  const [id = "", node = ""] = unit.split(" ");
  const image = workflows.get(id);
  const items = image?.items.get(node);
  const record = image?.tasks.get(node);
  // In a group that failed fast or is out of time, or in an instance that is gone.
  return !image?.open || !record || hasEnded(record) || image.fields["rt"] !== undefined || (items !== undefined && isCutShort(items));
}
