/** Claims as remote workers hold them: one opaque text that names the attempt, its item and its fencing token. */

import { createHash } from "node:crypto";
import { nodeKey } from "./nodeKey.js";
import type { UnitRef } from "./ports.js";

export interface RemoteClaim {
  ref: UnitRef;
  /** The one item of an expanded task's unit: its position, and its offset in its chunk. */
  item?: { index: number; offset: number };
  /** The items of a task whose handler takes several at once. */
  batch?: BatchPlace;
  /** What it was claimed for. */
  leaseMs: number;
}

/** A batch: position of the first item of its chunk, and the offsets of its items in the chunk, in their order. */
export interface BatchPlace { first: number; offsets: readonly number[] }

const FORM = /^(s\d{1,4}-[0-9A-HJKMNP-TV-Z]{26}) (\d{1,5})(?:@(\d{1,7}(?:\.\d{1,7}){1,31}))? (?:(-)|(r?\d{1,7}) (\d{1,7}) (\d{1,3}|\d{1,3}\+\d{1,4}(?:,\d{1,3}\+\d{1,4})*)) (\d{1,6}) (\d{1,16}) (\d{1,7})$/;
const CHECK_LENGTH = 8;
/** Longer texts cannot be claims: of a batch every other item may be missing. */
const MAX_LENGTH = 8_000;

export function writeClaimId({ ref, item, batch, leaseMs }: RemoteClaim): string {
  const place = item ? `${ref.unit} ${item.index} ${item.offset}` : batch ? `${ref.unit} ${batch.first} ${writeRuns(batch.offsets)}` : "-";
  const text = `${ref.workflowId} ${nodeKey(ref.node, ref.path)} ${place} ${ref.attempt} ${ref.token} ${leaseMs}`;
  return Buffer.from(`${check(text)}${text}`).toString("base64url");
}

/** @returns undefined for what no server gave out. The check finds slips and cut-off copies; who may write is decided by the token. */
export function readClaimId(id: string): RemoteClaim | undefined {
  if (id.length > MAX_LENGTH) return undefined;
  const whole = Buffer.from(id, "base64url").toString("latin1");
  const text = whole.slice(CHECK_LENGTH);
  const match = FORM.exec(text);
  if (!match || whole.slice(0, CHECK_LENGTH) !== check(text)) return undefined;
  const [, workflowId, node, path, plain, unit, index, offset, attempt, token, leaseMs] = match as unknown as string[];
  return {
    ref: { workflowId: workflowId as string, node: Number(node), ...(path === undefined ? {} : { path }), unit: plain ?? (unit as string), attempt: Number(attempt), token: token as string },
    ...(plain === undefined ? readPlace(Number(index), offset as string) : {}),
    leaseMs: Number(leaseMs),
  };
}

/** Offsets as runs of neighbours: 0+3,5+2 for 0, 1, 2, 5, 6. */
function writeRuns(offsets: readonly number[]): string {
  const runs: [from: number, count: number][] = [];
  for (const offset of offsets) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] === offset) last[1]++;
    else runs.push([offset, 1]);
  }
  return runs.map((run) => run.join("+")).join(",");
}

function readPlace(index: number, place: string): Pick<RemoteClaim, "item" | "batch"> {
  if (!place.includes("+")) return { item: { index, offset: Number(place) } };
  const offsets = place.split(",").flatMap((run) => {
    const [from, count] = run.split("+").map(Number) as [number, number];
    return Array.from({ length: count }, (_, i) => from + i);
  });
  return { batch: { first: index, offsets } };
}

function check(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, CHECK_LENGTH);
}
