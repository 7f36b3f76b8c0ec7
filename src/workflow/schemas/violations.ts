/** Says in words what a value has against a schema, and where. */

import { isObject } from "../json.js";
import type { JsonObject, JsonValue } from "../json.js";
import { childPath, describeKind } from "../jsonTree.js";
import { atPointer, pointerNames } from "./library.js";
import type { Failure } from "./library.js";
import { SCHEMA_LIMITS } from "./limits.js";

/** One thing that is wrong with a value: `message` is a sentence without its subject, which stands at `path`. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** Keywords whose alternatives failed one by one: told once, without each alternative's reasons. */
const ALTERNATIVES = ["anyOf", "oneOf", "contains", "not"];
const SHOWN_CHARS = 200;

/** @param path of the value: `context`, or `` for a value that has no place of its own */
export function violationsOf(failures: readonly Failure[], schema: JsonObject | boolean, value: JsonValue, path: string): Violation[] {
  const alternatives = failures.filter(({ keyword }) => ALTERNATIVES.includes(lastName(keyword)));
  const reasons = failures.filter(({ keyword }) => !alternatives.some((other) => keyword.startsWith(`${other.keyword}/`)));
  return reasons.slice(0, SCHEMA_LIMITS.violations).flatMap((failure) => violation(failure, schema, value, path));
}

/** The violations as one sentence about `what`, the first few of them. */
export function sentenceOf(violations: readonly Violation[]): string {
  const shown = violations.slice(0, 3).map(({ path, message }) => (path === "" ? `it ${message}` : `${path} ${message}`));
  return `${shown.join("; ")}${violations.length > 3 ? `; and ${violations.length - 3} more` : ""}`;
}

function violation({ keyword, instance }: Failure, schema: JsonObject | boolean, root: JsonValue, path: string): Violation[] {
  const isName = instance.startsWith("*");
  const names = pointerNames(isName ? instance.slice(1) : instance);
  const { place, value } = placeOf(names, root, path);
  const asked = atPointer(schema as JsonValue, keyword);
  const name = lastName(keyword);
  if (isName) return [{ path: place, message: `has a name that is not allowed (${name}: ${shown(asked)})` }];
  if (name === "required" && Array.isArray(asked)) {
    const has = isObject(value) ? value : {};
    return asked.filter((key) => !Object.hasOwn(has, String(key))).map((key) => ({ path: childPath(place, String(key)), message: "is missing" }));
  }
  return [{ path: place, message: messageOf(name, asked, value) }];
}

function placeOf(names: readonly string[], root: JsonValue, path: string): { place: string; value: JsonValue | undefined } {
  let value: JsonValue | undefined = root;
  let place = path;
  for (const name of names) {
    place = childPath(place, Array.isArray(value) ? Number(name) : name);
    value = typeof value === "object" && value !== null ? (value as JsonObject)[name] : undefined;
  }
  return { place: path === "" ? place.replace(/^\./, "") : place, value };
}

function messageOf(keyword: string, asked: JsonValue | undefined, value: JsonValue | undefined): string {
  switch (keyword) {
    case "type": return `is ${describeKind(value)}, not ${types(asked)}`;
    case "enum": return `is none of ${shown(asked)}`;
    case "const": return `is not ${shown(asked)}`;
    case "minimum": return `is ${shown(value)}, less than ${shown(asked)}`;
    case "maximum": return `is ${shown(value)}, more than ${shown(asked)}`;
    case "exclusiveMinimum": return `is ${shown(value)}, not more than ${shown(asked)}`;
    case "exclusiveMaximum": return `is ${shown(value)}, not less than ${shown(asked)}`;
    case "multipleOf": return `is ${shown(value)}, no multiple of ${shown(asked)}`;
    case "minLength": return `has fewer than ${shown(asked)} characters`;
    case "maxLength": return `has more than ${shown(asked)} characters`;
    case "pattern": return `does not match the pattern ${shown(asked)}`;
    case "minItems": return `has fewer than ${shown(asked)} elements`;
    case "maxItems": return `has more than ${shown(asked)} elements`;
    case "uniqueItems": return "has an element twice";
    case "contains": return "has too few or too many elements of the kind that it must contain";
    case "minProperties": return `has fewer than ${shown(asked)} properties`;
    case "maxProperties": return `has more than ${shown(asked)} properties`;
    case "dependentRequired": return `lacks a property that another one asks for (${shown(asked)})`;
    case "anyOf": return "fits none of the alternatives";
    case "oneOf": return "does not fit exactly one of the alternatives";
    case "not": return "fits what it must not fit";
    default: return asked === false ? "is not allowed here" : `does not meet ${keyword}: ${shown(asked)}`;
  }
}

function types(asked: JsonValue | undefined): string {
  const article = (name: JsonValue): string => (name === "null" ? "null" : name === "array" ? "a list" : /^[aeiou]/.test(String(name)) ? `an ${String(name)}` : `a ${String(name)}`);
  return (Array.isArray(asked) ? asked : [asked ?? "anything"]).map(article).join(" or ");
}

function lastName(pointer: string): string {
  return pointerNames(pointer).at(-1) ?? "";
}

function shown(value: JsonValue | undefined): string {
  const text = JSON.stringify(value ?? null);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}...` : text;
}
