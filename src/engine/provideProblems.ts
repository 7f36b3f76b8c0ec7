/** All that is wrong with values that somebody wants to put into a running workflow's context. */

import { problem, type Problem } from "../errors.js";
import { isObject, type JsonValue } from "../workflow/json.js";
import { childPath, describeKind, forbiddenKeyPaths, isDeeperThan, jsonBytes } from "../workflow/jsonTree.js";
import { LIMITS, MAX_HINTS, MAX_JSON_DEPTH } from "../workflow/limits.js";
import { nearMiss } from "../workflow/nearMiss.js";

/** @param declared the workflow's external keys */
export function provideProblems(declared: readonly string[], values: JsonValue): Problem[] {
  if (!isObject(values)) return [problem("INVALID_VALUE", `values is ${describeKind(values)}, not an object of context keys`, "values")];
  const keys = Object.keys(values);
  if (keys.length === 0) return [problem("REQUIRED", "values has no key", "values")];
  const known = new Set(declared);
  return keys.flatMap((key, at): Problem[] => {
    const path = childPath("values", key);
    if (!known.has(key)) {
      const near = at < MAX_HINTS ? nearMiss(key, declared) : undefined;
      return [problem("UNKNOWN_KEY", `${key} is not one of the workflow's externalKeys`, path, near === undefined ? undefined : `Did you mean ${near}?`)];
    }
    return valueProblems(values[key] as JsonValue, path);
  });
}

/** What no value from outside may be: too deep, too large, or the bearer of a key that is refused. */
export function valueProblems(value: JsonValue, path: string): Problem[] {
  if (isDeeperThan(value, MAX_JSON_DEPTH)) return [problem("LIMIT_EXCEEDED", `The value nests lists and objects more than ${MAX_JSON_DEPTH} levels deep`, path)];
  const forbidden = forbiddenKeyPaths(value, path).map((place) => problem("FORBIDDEN_KEY", "An object has the key __proto__", place));
  const bytes = jsonBytes(value);
  if (bytes <= LIMITS.contextValueBytes) return forbidden;
  return [...forbidden, problem("LIMIT_EXCEEDED", `The value has ${bytes} bytes; the limit is ${LIMITS.contextValueBytes}`, path)];
}
