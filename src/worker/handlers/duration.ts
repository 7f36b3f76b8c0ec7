/** Durations as handlers' inputs hold them. */

import { formatDuration, parseDuration } from "../../workflow/duration.js";
import type { JsonObject, JsonValue } from "../../workflow/json.js";
import { invalidInput } from "./input.js";

const FORM = '"250ms", "30s", "5m", "2h", "7d", or ISO 8601 such as "PT30S"';

export const DURATION_SCHEMA: JsonObject = { type: "string", description: `A duration: ${FORM}.` };

/**
 * Whole milliseconds, 0 to `mostMs`.
 * @throws FanwireError INPUT_INVALID
 */
export function readDurationMs(value: JsonValue | undefined, field: string, mostMs: number): number {
  if (typeof value !== "string") throw invalidInput(field, `must be a duration: ${FORM}`);
  let durationMs: number;
  try {
    durationMs = parseDuration(value);
  } catch {
    // Its own message repeats the value.
    throw invalidInput(field, `must be a duration: ${FORM}`);
  }
  if (durationMs > mostMs) throw invalidInput(field, `must not be longer than ${formatDuration(mostMs)}`);
  return durationMs;
}
