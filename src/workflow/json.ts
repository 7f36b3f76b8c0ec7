/** JSON as data: the only kind of value that crosses the API, the context and the handlers. */

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** The one key that JSON input may not carry: assigning it would change an object's prototype. */
export const FORBIDDEN_KEY = "__proto__";

export function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * JSON text with object keys in sorted order at every depth, so that equal values give equal text.
 * Used for content hashes (definitions, idempotent payloads), never for storage: storage keeps key order.
 */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (isObject(value)) {
    const fields = Object.keys(value).sort();
    return `{${fields.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as JsonValue)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
