/** From results to context keys: what an expanded task's items add up to, and which key takes which part of a result. */

import { FanwireError } from "../errors.js";
import type { ExpansionDefinition } from "./definition.js";
import { FORBIDDEN_KEY, isObject } from "./json.js";
import type { JsonObject, JsonValue } from "./json.js";
import { describeKind } from "./jsonTree.js";
import type { PlanNode } from "./plan.js";
import type { TaskStatus } from "./status.js";

/** How one item ended. Only COMPLETED counts as success; a result that is absent is null. */
export interface ItemOutcome {
  identifier: string;
  status: TaskStatus;
  result?: JsonValue;
  error?: { code: string; message: string };
}

export type ResultFields = { writes: [key: string, value: JsonValue][] } | { error: FanwireError };

/**
 * The output of an expanded task, from its items in item order. MERGE gives a list (nested by `shape`, if given),
 * SEPARATE an object by identifier, SINGLE the last result that is left. `reduce` is evaluated by the caller, over
 * `collectResults`. Without items: `[]` (or the empty shape), `{}`, null.
 */
export function collectOutput(expansion: ExpansionDefinition, outcomes: readonly ItemOutcome[], shape?: readonly number[]): JsonValue {
  if (expansion.outputFormat === "SEPARATE") return Object.fromEntries(keptSlots(expansion, outcomes));
  const results = collectResults(expansion, outcomes);
  if (expansion.outputFormat === "SINGLE") return results.at(-1) ?? null;
  if (shape !== undefined) return nest(results, shape, expansion.flatten);
  return expansion.flatten ? results.flat(1) as JsonValue[] : results;
}

/** The items' results in item order, failures left out or in their slots as `onItemFailure` says: `$results` of `reduce`. */
export function collectResults(expansion: ExpansionDefinition, outcomes: readonly ItemOutcome[]): JsonValue[] {
  return keptSlots(expansion, outcomes).map(([, value]) => value);
}

/** How many of `total` items may fail: the smaller of what both limits allow, 0 when neither is given. */
export function toleratedCount({ toleratedFailures, toleratedFailurePercent }: ExpansionDefinition, total: number): number {
  if (toleratedFailures === undefined && toleratedFailurePercent === undefined) return 0;
  // The addend makes up for binary fractions: 0.57 % of 10,000 is 57, but computes as 56.99...
  const byPercent = toleratedFailurePercent === undefined ? total : Math.floor((total * toleratedFailurePercent) / 100 + 1e-9);
  return Math.min(toleratedFailures ?? total, byPercent, total);
}

/**
 * What each context key takes of a task's result (for an expanded task: of its collected output). One result key takes
 * the whole; several take the fields of those names, and so do optional result keys, when the field is there. A task
 * without resultKeys writes the whole under its name. Over items each key takes the list or object of their fields.
 */
export function resultFields(node: PlanNode, result: JsonValue): ResultFields {
  if (takesWhole(node)) return { writes: [...node.keys.map((key): [string, JsonValue] => [key, result]), ...optionalWrites(node, result)] };
  const error = missingField(node, result);
  if (error !== undefined) return { error };
  const required = node.keys.map((key): [string, JsonValue] => [key, partOf(node, result, key).value]);
  return { writes: [...required, ...optionalWrites(node, result)] };
}

/**
 * RESULT_INVALID when a task's or item's own result lacks a field that its keys need, so that the item that is at fault
 * fails, and not the task when all is collected; undefined when it is fine.
 */
export function invalidItemResult(node: PlanNode, result: JsonValue): FanwireError | undefined {
  return takesWhole(node) ? undefined : missingIn(node, result);
}

/** One key takes the whole result. Optional keys beside explicit resultKeys make several keys of them. */
function takesWhole({ keys, optionalKeys, task }: PlanNode): boolean {
  return keys.length === 1 && (task.resultKeys === undefined || optionalKeys.length === 0);
}

function keptSlots({ onItemFailure }: ExpansionDefinition, outcomes: readonly ItemOutcome[]): [identifier: string, value: JsonValue][] {
  return outcomes.flatMap(({ identifier, status, result, error }): [string, JsonValue][] => {
    if (status === "COMPLETED") return [[identifier, result ?? null]];
    if (onItemFailure === "DROP") return [];
    if (onItemFailure === "NULL") return [[identifier, null]];
    return [[identifier, { $error: { code: error?.code ?? status, message: error?.message ?? `The item ended ${status}` } }]];
  });
}

function nest(results: readonly JsonValue[], shape: readonly number[], flatten: boolean): JsonValue[] {
  const [length = 0, ...inner] = shape;
  if (inner.length === 0) return flatten ? (results.flat(1) as JsonValue[]) : [...results];
  const each = inner.reduce((product, count) => product * count, 1);
  return Array.from({ length }, (_, index) => nest(results.slice(index * each, (index + 1) * each), inner, flatten));
}

/** How many levels of lists lie around the items' results in a collected output. */
function listDepth(expansion: ExpansionDefinition): number {
  return expansion.nested ? Object.keys(expansion.matrix ?? {}).length : 1;
}

function optionalWrites(node: PlanNode, result: JsonValue): [string, JsonValue][] {
  return node.optionalKeys.flatMap((key): [string, JsonValue][] => {
    const { value, present } = partOf(node, result, key);
    return present ? [[key, value]] : [];
  });
}

/** One key's part of a result; `present` when the field is there, in an expanded task's output in some item or because there is none. */
interface Part {
  value: JsonValue;
  present: boolean;
}

function partOf({ expansion }: PlanNode, result: JsonValue, key: string): Part {
  if (expansion === undefined || (expansion.outputFormat === "SINGLE" && result !== null)) {
    const value = ownField(result, key);
    return { value: value ?? null, present: value !== undefined };
  }
  if (expansion.outputFormat === "SINGLE") return { value: null, present: true };
  return expansion.outputFormat === "SEPARATE" ? partByIdentifier(result, key) : partInLists(result, key, listDepth(expansion));
}

/** Items without the field keep their slot as null, so that all keys' lists run alike. */
function partInLists(result: JsonValue, key: string, depth: number): Part {
  const slots = leaves(result, depth);
  const pick = (value: JsonValue, level: number): JsonValue =>
    (level > 0 && Array.isArray(value) ? value.map((element) => pick(element, level - 1)) : slotField(value, key) ?? null);
  return { value: pick(result, depth), present: slots.length === 0 || slots.some((slot) => ownField(slot, key) !== undefined) };
}

function partByIdentifier(result: JsonValue, key: string): Part {
  const entries = Object.entries(isObject(result) ? result : {});
  const fields = entries.flatMap(([identifier, slot]): [string, JsonValue][] => {
    const field = slotField(slot, key);
    return field === undefined ? [] : [[identifier, field]];
  });
  return { value: Object.fromEntries(fields), present: entries.length === 0 || entries.some(([, slot]) => ownField(slot, key) !== undefined) };
}

/** A failed item's slot stands for each of its fields. */
function slotField(slot: JsonValue, key: string): JsonValue | undefined {
  return slot === null || isErrorSlot(slot) ? slot : ownField(slot, key);
}

function isErrorSlot(value: JsonValue): boolean {
  return isObject(value) && Object.hasOwn(value, "$error") && Object.keys(value).length === 1;
}

function ownField(value: JsonValue, key: string): JsonValue | undefined {
  return isObject(value) && key !== FORBIDDEN_KEY && Object.hasOwn(value, key) ? (value as JsonObject)[key] : undefined;
}

/** Looks into every item of a collected output; slots of failed items have no fields to miss. */
function missingField(node: PlanNode, result: JsonValue): FanwireError | undefined {
  const { expansion } = node;
  if (expansion === undefined) return missingIn(node, result);
  const items = expansion.outputFormat === "MERGE" ? leaves(result, listDepth(expansion))
    : expansion.outputFormat === "SEPARATE" && isObject(result) ? Object.values(result) : [result];
  for (const item of items) {
    const error = item === null || isErrorSlot(item) ? undefined : missingIn(node, item);
    if (error !== undefined) return error;
  }
  return undefined;
}

function leaves(value: JsonValue, depth: number): JsonValue[] {
  return depth > 0 && Array.isArray(value) ? value.flatMap((element) => leaves(element, depth - 1)) : [value];
}

function missingIn({ keys, address }: PlanNode, result: JsonValue): FanwireError | undefined {
  const absent = keys.filter((key) => ownField(result, key) === undefined);
  if (absent.length === 0) return undefined;
  const message = isObject(result)
    ? `The result of ${address} lacks ${absent.join(", ")}; it has ${Object.keys(result).join(", ") || "no fields"}`
    : `The result of ${address} is ${describeKind(result)}, but its keys ${keys.join(", ")} take fields of an object`;
  return new FanwireError("RESULT_INVALID", message);
}
