/** Copies values into and out of JSONata, so that neither side can change what the other holds. */

import { FORBIDDEN_KEY } from "../json.js";
import type { JsonObject, JsonValue } from "../json.js";
import { EXPRESSION_LIMITS, LimitReached } from "./limits.js";

/** Thrown for a value that no JSON can stand for. */
export class NotJson extends Error {}

/**
 * A deep copy that is plain JSON: JSONata's sequences become plain lists, undefined fields are left out, undefined
 * elements become null. A key `__proto__` stays data.
 * @throws NotJson for functions, regular expressions, numbers that are not finite, and objects that JSONata would take
 *   for functions
 * @throws LimitReached for more than jsonNodes values or jsonDepth levels (so also for cycles)
 */
export function plainJson(value: unknown): JsonValue {
  return copy(value, { nodes: 0 }, 0);
}

function copy(value: unknown, spent: { nodes: number }, depth: number): JsonValue {
  if (++spent.nodes > EXPRESSION_LIMITS.jsonNodes) throw new LimitReached(`it has more than ${EXPRESSION_LIMITS.jsonNodes} values`);
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new NotJson(`the value ${value} is not a number that JSON has`);
      return value;
    case "undefined":
      return null;
    case "object":
      if (value === null) return null;
      if (depth >= EXPRESSION_LIMITS.jsonDepth) throw new LimitReached(`it is nested deeper than ${EXPRESSION_LIMITS.jsonDepth} levels`);
      return Array.isArray(value) ? copyList(value, spent, depth) : copyObject(value as Record<string, unknown>, spent, depth);
    default:
      throw new NotJson("the value is a function");
  }
}

function copyList(list: readonly unknown[], spent: { nodes: number }, depth: number): JsonValue[] {
  const result: JsonValue[] = [];
  for (let index = 0; index < list.length; index++) result.push(copy(list[index], spent, depth + 1));
  return result;
}

function copyObject(object: Record<string, unknown>, spent: { nodes: number }, depth: number): JsonObject {
  // JSONata tells its functions from data by these fields alone; data that carries them must not be called.
  if (object._jsonata_function === true || object._jsonata_lambda === true) throw new NotJson("the value is a function");
  const result: JsonObject = {};
  for (const key of Object.keys(object)) {
    const field = object[key];
    if (field !== undefined) setField(result, key, copy(field, spent, depth + 1));
  }
  return result;
}

/** Sets a field as data, also when it is named `__proto__`. */
export function setField(object: JsonObject, key: string, value: JsonValue): void {
  if (key === FORBIDDEN_KEY) {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}
