/** Questions about a whole JSON value: how deep, how large, where it carries a forbidden key, whether two are equal. */

import { FORBIDDEN_KEY, isObject } from "./json.js";
import type { JsonObject, JsonValue } from "./json.js";

const PLAIN_FIELD = /^[\p{L}_$][\p{L}\p{N}_$-]*$/u;

/** The path of a field or element inside a value, as problems write it: `input.url`, `input.list[2]`, `input["a b"]`. */
export function childPath(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return PLAIN_FIELD.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** Fields of an object or elements of a list with their paths; nothing for scalars. */
export function childrenOf(value: JsonValue, path: string): { path: string; value: JsonValue }[] {
  if (Array.isArray(value)) return value.map((element, index) => ({ path: childPath(path, index), value: element }));
  if (!isObject(value)) return [];
  return Object.keys(value).map((key) => ({ path: childPath(path, key), value: value[key] as JsonValue }));
}

/** Whether lists and objects lie in each other more than `limit` levels deep. Does not recurse, so any depth is safe to ask about. */
export function isDeeperThan(value: unknown, limit: number): boolean {
  const open: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next.value !== "object" || next.value === null) continue;
    if (next.depth >= limit) return true;
    for (const child of Object.values(next.value)) open.push({ value: child, depth: next.depth + 1 });
  }
  return false;
}

/** Paths of every object that has the key `__proto__`, the key included. */
export function forbiddenKeyPaths(value: JsonValue | undefined, path: string): string[] {
  if (value === undefined) return [];
  const here = isObject(value) && Object.hasOwn(value, FORBIDDEN_KEY) ? [childPath(path, FORBIDDEN_KEY)] : [];
  return [...here, ...childrenOf(value, path).flatMap((child) => forbiddenKeyPaths(child.value, child.path))];
}

/** Size of the value's JSON text in bytes of UTF-8. */
export function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? 0 : Buffer.byteLength(text);
}

/** Deep and strict equality: 1 is not "1", the order of an object's keys does not count, that of a list does. */
export function jsonEquals(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((element, index) => jsonEquals(element, right[index]));
  }
  return isObject(left) && isObject(right) && objectsEqual(left, right);
}

function objectsEqual(left: JsonObject, right: JsonObject): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && jsonEquals(left[key], right[key]));
}

/** What a value is, for messages: "a list", "an object", "null", "a string". */
export function describeKind(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
