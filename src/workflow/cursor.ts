/** Cursors of event logs: opaque outside, a log entry's position and an event's seq inside. */

import { FanwireError } from "../errors.js";

/** entry: index of the first log entry that may hold later events; seq: the last event that was seen. */
export interface LogPosition {
  entry: number;
  seq: number;
}

const PATTERN = /^e(\d{1,12})\.(\d{1,15})$/;

export function makeCursor(position: LogPosition): string {
  return Buffer.from(`e${position.entry}.${position.seq}`).toString("base64url");
}

/** @throws FanwireError CURSOR_INVALID */
export function readCursor(cursor: string): LogPosition {
  const match = PATTERN.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (!match) throw new FanwireError("CURSOR_INVALID", `The cursor ${JSON.stringify(cursor.slice(0, 60))} is not one of this server's`, { retryable: false });
  return { entry: Number(match[1]), seq: Number(match[2]) };
}
