/** Tells cheaply that a value's JSON cannot be longer than something. */

import type { JsonValue } from "../json.js";

/** Of values that took long to measure; they are never changed, and one is often rendered for many items. */
const measured = new WeakMap<object, number>();
const WORTH_KEEPING_BYTES = 4_096;

/** No fewer bytes than the value's JSON has in UTF-8, without writing it. */
export function jsonBytesAtMost(value: JsonValue): number {
  if (typeof value === "string") return textBytesAtMost(value);
  if (typeof value !== "object" || value === null) return 25;
  const known = measured.get(value);
  if (known !== undefined) return known;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const element of value) bytes += jsonBytesAtMost(element) + 1;
  } else {
    for (const key of Object.keys(value)) bytes += textBytesAtMost(key) + 2 + jsonBytesAtMost(value[key] as JsonValue);
  }
  if (bytes > WORTH_KEEPING_BYTES) measured.set(value, bytes);
  return bytes;
}

/** A control character or a lone surrogate takes six bytes, everything else no more than three per unit. */
function textBytesAtMost(text: string): number {
  return text.length * 6 + 2;
}
