/** From the lists of an expansion to the variables of its items, before any filter: array, zip, matrix, custom. */

import { FanwireError } from "../errors.js";
import type { ExpansionDefinition } from "./definition.js";
import { FORBIDDEN_KEY, isObject } from "./json.js";
import type { JsonObject, JsonValue } from "./json.js";
import { describeKind, jsonEquals } from "./jsonTree.js";
import { LIMITS } from "./limits.js";

/** A variable and the list of its values. */
export type Axis = readonly [variable: string, values: readonly JsonValue[]];

/**
 * Each item's variables, in item order.
 * @throws FanwireError EXPANSION_LENGTH, EXPANSION_TOO_LARGE (counted before any filter, to bound memory)
 */
export function combine(expansion: ExpansionDefinition, axes: readonly Axis[]): JsonObject[] {
  if (expansion.matrix !== undefined) return combineMatrix(axes, expansion.exclude ?? [], expansion.include ?? []);
  const lengths = new Set(axes.map(([, values]) => values.length));
  if (lengths.size > 1) {
    const each = axes.map(([variable, values]) => `${variable} has ${values.length}`).join(", ");
    throw new FanwireError("EXPANSION_LENGTH", `The lists of the zip have different lengths: ${each}`);
  }
  const length = axes[0]?.[1].length ?? 0;
  checkSize(length);
  return Array.from({ length }, (_, index) => Object.fromEntries(axes.map(([variable, values]) => [variable, values[index] as JsonValue])));
}

/**
 * The objects of a custom expansion's list, each the variables of one item.
 * @throws FanwireError EXPANSION_NOT_LIST, FORBIDDEN_KEY, EXPANSION_TOO_LARGE
 */
export function customItems(list: readonly JsonValue[]): JsonObject[] {
  checkSize(list.length);
  return list.map((element, index) => {
    if (!isObject(element)) {
      throw new FanwireError("EXPANSION_NOT_LIST", `The custom expansion must give a list of objects, but element ${index} is ${describeKind(element)}`);
    }
    if (Object.hasOwn(element, FORBIDDEN_KEY)) throw new FanwireError("FORBIDDEN_KEY", `Element ${index} of the custom expansion has the key ${FORBIDDEN_KEY}`);
    return element;
  });
}

/** How many combinations the axes make, before exclude and include. */
export function combinationCount(axes: readonly Axis[]): number {
  return axes.reduce((product, [, values]) => product * values.length, 1);
}

function checkSize(count: number): void {
  if (count > LIMITS.items) throw new FanwireError("EXPANSION_TOO_LARGE", `The expansion has ${count} items; the limit is ${LIMITS.items}`);
}

function combineMatrix(axes: readonly Axis[], exclude: readonly JsonValue[], include: readonly JsonValue[]): JsonObject[] {
  checkSize(combinationCount(axes));
  const originals = product(axes).filter((combination) => !exclude.some((entry) => isObject(entry) && agrees(combination, entry, Object.keys(entry))));
  const items = included(originals, include.filter(isObject), axes.map(([variable]) => variable));
  checkSize(items.length);
  return items;
}

/** First variable slowest. */
function product(axes: readonly Axis[]): JsonObject[] {
  let combinations: JsonObject[] = [{}];
  for (const [variable, values] of axes) {
    combinations = combinations.flatMap((combination) => values.map((value) => ({ ...combination, [variable]: value })));
  }
  return combinations;
}

/**
 * Merges each entry into every original combination whose axis values it does not change; values that an earlier entry
 * added may be overwritten. An entry that fits none becomes a combination of its own, which no later entry touches.
 */
function included(originals: readonly JsonObject[], entries: readonly JsonObject[], variables: readonly string[]): JsonObject[] {
  const merged = originals.map((combination) => ({ ...combination }));
  const added: JsonObject[] = [];
  for (const entry of entries) {
    const fixed = variables.filter((variable) => Object.hasOwn(entry, variable));
    const fitting = merged.filter((combination) => agrees(combination, entry, fixed));
    for (const combination of fitting) Object.assign(combination, entry);
    if (fitting.length === 0) added.push({ ...entry });
  }
  return [...merged, ...added];
}

function agrees(combination: JsonObject, entry: JsonObject, keys: readonly string[]): boolean {
  return keys.every((key) => Object.hasOwn(combination, key) && jsonEquals(combination[key], entry[key]));
}
