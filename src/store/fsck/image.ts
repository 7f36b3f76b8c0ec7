/** A workflow's hash as the check sees it: its records read, its units and waits by name. */

import type { Plan } from "../../workflow/plan.js";
import { readItemsRecord, type ItemsRecord } from "../records.js";
import type { Findings } from "./findings.js";
import { fieldKindOf } from "./kinds.js";

/** As lua/include/workflow.lua writes it; letters and texts, not what readers make of them. */
export interface RawRecord {
  letter: string;
  attempt: string;
  token: string;
  phase: string;
  untilMs: string;
}

/** A task, or a unit of one. */
export interface UnitImage {
  /** Text of the node: 5, or 5@3.7 */
  node: string;
  /** `-` for the task itself. */
  unit: string;
  record: RawRecord;
}

export interface WorkflowImage {
  id: string;
  key: string;
  fields: Readonly<Record<string, string>>;
  /** Undefined when the definition is not there or cannot be read. */
  plan: Plan | undefined;
  /** Letter of its status: P R H C F X T. */
  status: string;
  open: boolean;
  tenant: string;
  /** Records by node. */
  tasks: Map<string, RawRecord>;
  /** Units of expanded tasks, by node. */
  units: Map<string, Map<string, RawRecord>>;
  /** Expansions by node. */
  items: Map<string, ItemsRecord>;
}

const RECORD = /^(\w) (\d+) (\d+) \d+ \d+ \d+ \d+ \S+ (\w) (\d+)$/;
const OPEN = /^[PRH]$/;
const ENDED_TASK = /^[CFSKT]$/;

export function readRawRecord(text: string): RawRecord | undefined {
  const match = RECORD.exec(text);
  if (!match) return undefined;
  const [, letter, attempt, token, phase, untilMs] = match as unknown as [string, string, string, string, string, string];
  return { letter, attempt, token, phase, untilMs };
}

export function hasEnded(record: RawRecord | undefined): boolean {
  return record !== undefined && ENDED_TASK.test(record.letter);
}

/** Whether the rest of an expanded task's items was given up because too many had failed. */
export function isCutShort({ failed, tolerated, failFast }: ItemsRecord): boolean {
  return failed > tolerated && failFast === 1;
}

export function imageOf(id: string, key: string, fields: Readonly<Record<string, string>>, plan: Plan | undefined, findings: Findings): WorkflowImage {
  const status = fields["st"] ?? "";
  const image: WorkflowImage = { id, key, fields, plan, status, open: OPEN.test(status), tenant: fields["tn"] ?? "", tasks: new Map(), units: new Map(), items: new Map() };
  for (const [field, text] of Object.entries(fields)) {
    const found = fieldKindOf(field);
    const [node = "", unit = ""] = found?.args ?? [];
    if (found?.kind.name === "items") image.items.set(node, readItemsRecord(text));
    if (found?.kind.name !== "task" && found?.kind.name !== "unit") continue;
    const record = readRawRecord(text);
    if (!record) findings.add("RECORD_MALFORMED", key, `${field} is ${JSON.stringify(text)}`);
    else if (found.kind.name === "task") image.tasks.set(node, record);
    else unitsOf(image, node).set(unit, record);
  }
  return image;
}

function unitsOf(image: WorkflowImage, node: string): Map<string, RawRecord> {
  let units = image.units.get(node);
  if (!units) image.units.set(node, (units = new Map()));
  return units;
}

/** All its tasks and units that have records. */
export function* unitImages({ tasks, units }: WorkflowImage): Generator<UnitImage> {
  for (const [node, record] of tasks) yield { node, unit: "-", record };
  for (const [node, all] of units) for (const [unit, record] of all) yield { node, unit, record };
}

export function recordAt(image: WorkflowImage | undefined, node: string, unit: string): RawRecord | undefined {
  return unit === "-" ? image?.tasks.get(node) : image?.units.get(node)?.get(unit);
}

/** The result that a wait ends with, or what it waits for. */
export function delayedAt({ fields }: WorkflowImage, node: string, unit: string): string | undefined {
  return fields[unit === "-" ? `y${node}` : `y${node}:${unit}`];
}

/** How many compensations are owed and have not begun: from the moment the workflow compensates they count as pending. */
export function owedCount({ fields }: WorkflowImage): number {
  return fields["vd"] === undefined ? 0 : Number(fields["cmp"] ?? 0);
}
