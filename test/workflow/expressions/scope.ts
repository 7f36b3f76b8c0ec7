/** A scope over a plain object, for tests. */

import type { JsonValue } from "../../../src/workflow/json.js";
import type { Scope } from "../../../src/workflow/expressions/types.js";

export function scopeOf(values: Record<string, JsonValue>): Scope {
  return {
    get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
    names: () => Object.keys(values),
  };
}
