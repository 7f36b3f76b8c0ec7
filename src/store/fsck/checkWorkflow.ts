/** Checks one workflow against itself: its fields, its counts, what its pending tasks wait for, and its event log. */

import { externalReads, openCount } from "../../engine/TaskGroup.js";
import type { Plan, PlanNode } from "../../workflow/plan.js";
import type { TaskCounts } from "../../workflow/status.js";
import { readCounts } from "../records.js";
import type { Findings } from "./findings.js";
import { hasEnded, owedCount, type WorkflowImage } from "./image.js";
import { FIELD_KINDS, fieldKindOf } from "./kinds.js";
import type { FsckReads } from "./reads.js";
import { countsOf, isCompensation, membersOf, scopesIn, type ScopeImage } from "./scopes.js";

export function checkWorkflow(image: WorkflowImage, findings: Findings): void {
  checkFields(image, findings);
  checkOwed(image, findings);
  checkCounts(image, findings);
  if (!image.open || !image.plan) return;
  for (const scope of scopesIn(image.fields)) {
    checkGroups(image, image.plan, scope, findings);
    checkWaits(image, image.plan, scope, findings);
  }
}

function checkFields({ fields, key, open }: WorkflowImage, findings: Findings): void {
  const running = new Set(scopesIn(fields).map(({ path }) => path));
  for (const field of Object.keys(fields)) {
    const found = fieldKindOf(field);
    const life = found?.kind.life;
    const [node, path] = found?.kind.ofNode ? (found.args[0]?.split("@") ?? []) : [];
    if (path !== undefined && !running.has(path) && !isCompensation(fields, node ?? "")) findings.add("FIELD_LEFT", key, `${field} is ${fields[field]}, and its instance does not run`);
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
  const nodes = [...membersOf(fields, "").map(({ node }) => node), ...[...tasks.keys()].filter((node) => isCompensation(fields, node))];
  const left = nodes.filter((node) => !hasEnded(tasks.get(node))).length;
  findings.same("LEFT_WRONG", key, "The number of open tasks", Number(fields["left"]), left);
  if (open !== left > 0) findings.add("STATUS_WRONG", key, `It is ${status} with ${left} open tasks`);
  if ((status === "F" || status === "X" || status === "T") !== (fields["bad"] !== undefined) && !open) findings.add("STATUS_WRONG", key, `It is ${status} and has ${fields["bad"] === undefined ? "no" : "an"} error`);
}

function checkGroups({ key, fields, tasks }: WorkflowImage, plan: Plan, { path, suffix, owner }: ScopeImage, findings: Findings): void {
  const open = new Map<string, number>();
  for (const { index, groupChain } of plan.scopes.get(owner === "" ? undefined : Number(owner))?.nodes ?? []) {
    const isOpen = !hasEnded(tasks.get(`${index}${suffix}`));
    for (const group of groupChain.split(".")) if (group !== "") open.set(group, (open.get(group) ?? 0) + Number(isOpen));
  }
  for (const [group, count] of open) {
    // A group whose tasks all stayed as they were when the workflow was retried is not counted again.
    const left = fields[`g${group}${suffix}`]?.split(" ", 1)[0] ?? "0";
    findings.same("LEFT_WRONG", key, `The number of open tasks of ${plan.groups[Number(group)]?.address}${suffix}`, Number(left), count);
  }
  if (path !== "" && [...open.values()].every((count) => count === 0)) findings.add("STATUS_WRONG", key, `The instance ${path} has no open task and has not ended`);
}

/** Every pending task waits for something, and counts exactly what it waits for. */
function checkWaits({ key, fields, tasks }: WorkflowImage, plan: Plan, { suffix, owner }: ScopeImage, findings: Findings): void {
  for (const node of plan.scopes.get(owner === "" ? undefined : Number(owner))?.nodes ?? []) {
    const address = `${node.address}${suffix}`;
    const waits = fields[`o${node.index}${suffix}`];
    if (tasks.has(`${node.index}${suffix}`)) {
      if (waits !== undefined) findings.add("WAITS_WRONG", key, `${address} is not pending and counts ${waits} things to wait for`);
      continue;
    }
    const open = node.needs.filter(({ from }) => !hasEnded(tasks.get(`${from}${suffix}`))).length + missingKeys(plan, node, fields);
    if (open === 0) findings.add("TASK_STUCK", key, `${address} is pending and waits for nothing`);
    else findings.same("WAITS_WRONG", key, `What ${address} counts to wait for`, Number(waits ?? openCount(plan, node)), open);
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
