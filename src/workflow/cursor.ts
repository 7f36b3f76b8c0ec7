/** Cursors of event logs: opaque outside, a log entry's position and an event's seq inside. */

import { FanwireError } from "../errors.js";

/** entry: index of the first log entry that may hold later events; seq: the last event that was seen. */
export interface LogPosition {
  entry: number;
  seq: number;
  /** Of that event's entry: what the store lost and did once more bears another. Absent where it is not known. */
  mark?: string;
  /** Of a reader in this process: how often a connection to the store had broken when it was read up to here. Not part of a cursor. */
  breaks?: number;
}

const PATTERN = /^e(\d{1,12})\.(\d{1,15})(?:\.([0-9a-z]{1,4}))?$/;
/** Four characters; an entry that was written anew has the same one once in half an hour. */
const MARKS = 36 ** 4;

/** @param ms when the entry was written */
export function markOf(ms: number): string {
  return (ms % MARKS).toString(36);
}

export function makeCursor(position: LogPosition): string {
  return Buffer.from(`e${position.entry}.${position.seq}${position.mark === undefined ? "" : `.${position.mark}`}`).toString("base64url");
}

/** @throws FanwireError CURSOR_INVALID */
export function readCursor(cursor: string): LogPosition {
  const match = PATTERN.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (!match) throw new FanwireError("CURSOR_INVALID", `The cursor ${JSON.stringify(cursor.slice(0, 60))} is not one of this server's`, { retryable: false });
  return { entry: Number(match[1]), seq: Number(match[2]), ...(match[3] === undefined ? {} : { mark: match[3] }) };
}
