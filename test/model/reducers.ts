/** What reducers mean, said a second time and one step after the other. */

import type { Reducer } from "../../src/workflow/definition.js";
import type { JsonObject, JsonValue } from "../../src/workflow/json.js";

export function fitsReducer(reducer: Reducer, value: JsonValue): boolean {
  if (reducer === "CONCAT") return Array.isArray(value);
  if (reducer === "MERGE") return typeof value === "object" && value !== null && !Array.isArray(value);
  return !["SUM", "MIN", "MAX"].includes(reducer) || typeof value === "number";
}

/** @param parts in the order of the tasks */
export function combined(reducer: Reducer, initial: JsonValue | undefined, parts: readonly JsonValue[]): JsonValue | undefined {
  let value = initial;
  for (const part of parts) value = step(reducer, value, part);
  return (typeof value === "number" && !Number.isFinite(value) ? null : value);
}

function step(reducer: Reducer, before: JsonValue | undefined, part: JsonValue): JsonValue {
  if (reducer === "APPEND") return [...((before ?? []) as JsonValue[]), part];
  if (before === undefined) return part;
  switch (reducer) {
    case "CONCAT": return [...(before as JsonValue[]), ...(part as JsonValue[])];
    case "MERGE": return { ...(before as JsonObject), ...(part as JsonObject) };
    case "SUM": return (before as number) + (part as number);
    case "MIN": return (part as number) < (before as number) ? part : before;
    case "MAX": return (part as number) > (before as number) ? part : before;
    case "FIRST": return before;
    default: return part;
  }
}
