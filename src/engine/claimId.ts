/** Claims as remote workers hold them: one opaque text that names the attempt, its item and its fencing token. */

import { createHash } from "node:crypto";
import { nodeKey } from "./nodeKey.js";
import type { UnitRef } from "./ports.js";

export interface RemoteClaim {
  ref: UnitRef;
  /** The one item of an expanded task's unit: its position, and its offset in its chunk. */
  item?: { index: number; offset: number };
  /** What it was claimed for. */
  leaseMs: number;
}

const FORM = /^(s\d{1,4}-[0-9A-HJKMNP-TV-Z]{26}) (\d{1,5})(?:@(\d{1,7}(?:\.\d{1,7}){1,31}))? (?:(-)|(r?\d{1,7}) (\d{1,7}) (\d{1,3})) (\d{1,6}) (\d{1,16}) (\d{1,7})$/;
const CHECK_LENGTH = 8;
/** Longer texts cannot be claims. */
const MAX_LENGTH = 600;

export function writeClaimId({ ref, item, leaseMs }: RemoteClaim): string {
  const place = item ? `${ref.unit} ${item.index} ${item.offset}` : "-";
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
    ...(plain === undefined ? { item: { index: Number(index), offset: Number(offset) } } : {}),
    leaseMs: Number(leaseMs),
  };
}

function check(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, CHECK_LENGTH);
}
