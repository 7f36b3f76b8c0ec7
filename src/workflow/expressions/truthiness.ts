/** JSONata's notion of true and false, `$boolean`, for JSON values. */

import type { JsonValue } from "../json.js";

/** undefined, null, 0, "", {}, and lists without a truthy element are false; everything else is true. */
export function isTruthy(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.some(isTruthy);
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
