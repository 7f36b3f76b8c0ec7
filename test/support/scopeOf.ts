/** A scope over a plain object, for tests of expressions and what is made of them. */

import type { Scope } from "../../src/workflow/expressions/types.js";
import type { JsonObject } from "../../src/workflow/json.js";

export function scopeOf(values: JsonObject): Scope {
  return { get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined), names: () => Object.keys(values) };
}
