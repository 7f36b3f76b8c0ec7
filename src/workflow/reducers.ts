/** How the values that several tasks write under one key become one. */

import type { Reducer } from "./definition.js";
import { isObject } from "./json.js";
import type { JsonObject, JsonValue } from "./json.js";
import { describeKind } from "./jsonTree.js";

/**
 * The value of a key, from its initial value and what its writers delivered, in the order of the tasks in the definition;
 * undefined when there is neither. Each must be one that the reducer takes (`misfitOf`, `misfitOfInitial`).
 * APPEND: a list, each value one element. CONCAT: the lists one behind the other. MERGE: one object, where later fields
 * win and fields keep the place of their first. SUM, MIN, MAX: of numbers; a sum beyond the range of doubles is null, as
 * JSON has no infinity. FIRST: the initial value, or what the first writer delivered. LAST: the last writer's.
 */
export function reduceParts(reducer: Reducer, initial: JsonValue | undefined, parts: readonly JsonValue[]): JsonValue | undefined {
  if (initial === undefined && parts.length === 0) return undefined;
  if (reducer === "APPEND") return [...((initial ?? []) as JsonValue[]), ...parts];
  const all = initial === undefined ? parts : [initial, ...parts];
  switch (reducer) {
    case "CONCAT": return (all as JsonValue[][]).flat(1) as JsonValue[];
    // Of entries and not by assignment, to which some names mean more than a field.
    case "MERGE": return Object.fromEntries((all as JsonObject[]).flatMap((part) => Object.entries(part)));
    case "SUM": return finite((all as number[]).reduce((sum, value) => sum + value, 0));
    case "MIN": return (all as number[]).reduce((least, value) => Math.min(least, value), Infinity);
    case "MAX": return (all as number[]).reduce((most, value) => Math.max(most, value), -Infinity);
    case "FIRST": return all[0];
    case "LAST": return all.at(-1);
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** What a value is, when the reducer cannot take it from a writer; undefined when it can. */
export function misfitOf(reducer: Reducer, value: JsonValue): string | undefined {
  return wanted(reducer)?.fits(value) === false ? describeKind(value) : undefined;
}

/** What the initial value is and should be, when the reducer cannot start from it: APPEND needs a list to append to. */
export function misfitOfInitial(reducer: Reducer, value: JsonValue): { is: string; needs: string } | undefined {
  const want = reducer === "APPEND" ? LIST : wanted(reducer);
  return want?.fits(value) === false ? { is: describeKind(value), needs: want.what } : undefined;
}

interface Want {
  readonly what: string;
  fits(value: JsonValue): boolean;
}

const LIST: Want = { what: "a list", fits: (value) => Array.isArray(value) };
const OBJECT: Want = { what: "an object", fits: isObject };
const NUMBER: Want = { what: "a number", fits: (value) => typeof value === "number" };

function wanted(reducer: Reducer): Want | undefined {
  switch (reducer) {
    case "CONCAT": return LIST;
    case "MERGE": return OBJECT;
    case "SUM": case "MIN": case "MAX": return NUMBER;
    case "APPEND": case "FIRST": case "LAST": return undefined;
  }
}
