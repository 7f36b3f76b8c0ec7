/** Arbitrary expansions: every kind and option, lists that are empty, odd or no lists, and now and then a wide one. */

import fc from "fast-check";
import type { ExpansionDefinition } from "../../src/workflow/definition.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { reference, seldom } from "./values.js";

export const expansionPlan = fc.record({
  kind: fc.nat(4),
  sources: fc.tuple(fc.nat(59), fc.nat(59)),
  variable: fc.nat(3),
  filter: fc.nat(9),
  identifier: fc.nat(8),
  output: fc.nat(5),
  flag: fc.boolean(),
  reduce: fc.nat(6),
  failFast: fc.boolean(),
  toleratedFailures: seldom(1, fc.nat(4)),
  toleratedFailurePercent: seldom(2, fc.nat(10).map((tenth) => tenth * 10)),
  onItemFailure: fc.constantFrom("DROP", "NULL", "ERROR"),
  maxParallel: seldom(1, fc.integer({ min: 1, max: 12 })),
  entries: fc.nat(7),
  batchSize: seldom(3, fc.integer({ min: 1, max: 4 })),
});
export type ExpansionPlan = typeof expansionPlan extends fc.Arbitrary<infer T> ? T : never;

const CUSTOM = [
  "[1..3].{\"v\": $}", "rows", "xs.{\"v\": $, \"odd\": 1}", "rows.id", "[]", "[1..4].($ % 2 = 0 ? {\"v\": $} : {\"w\": $})", "rows.{\"v\": v, \"id\": {\"x\": id}}",
];
/** Names that the items' parts of a task can use; those of a custom expansion may be missing in some items. */
export function variablesIn(plan: ExpansionPlan): string[] {
  const own = plan.kind === 3 ? ["v", "w"] : variableNames(plan);
  return [...own, "$index", "$item", `$item.${own[0]}`];
}

/** `n` is also a key of every context, which the variable hides within the items. */
export function variableNames({ kind, variable }: ExpansionPlan): string[] {
  const first = variable === 3 ? "n" : "v";
  return kind === 0 || kind === 4 ? [first] : [first, "w"];
}

export function buildExpansion(plan: ExpansionPlan, lists: readonly string[], keys: readonly string[]): ExpansionDefinition {
  const { failFast, onItemFailure } = plan;
  const format = (["MERGE", "MERGE", "SEPARATE", "SINGLE", "MERGE", "SEPARATE"] as const)[plan.output] as ExpansionDefinition["outputFormat"];
  const nested = format === "MERGE" && plan.kind === 2 && plan.flag;
  return {
    ...source(plan, lists, keys),
    ...(nested ? {} : narrowing(plan)),
    ...identifier(plan),
    outputFormat: format,
    flatten: format === "MERGE" && plan.output === 4,
    nested,
    ...(format === "SINGLE" ? reduce(plan) : {}),
    ...(plan.maxParallel === null ? {} : { maxParallel: plan.maxParallel }),
    failFast,
    ...(plan.toleratedFailures === null ? {} : { toleratedFailures: plan.toleratedFailures }),
    ...(plan.toleratedFailurePercent === null ? {} : { toleratedFailurePercent: plan.toleratedFailurePercent }),
    ...(plan.batchSize === null ? {} : { batchSize: plan.batchSize }),
    onItemFailure: nested && onItemFailure === "DROP" ? "NULL" : onItemFailure,
  };
}

function source(plan: ExpansionPlan, lists: readonly string[], keys: readonly string[]): Partial<ExpansionDefinition> {
  const [first, second] = variableNames(plan) as [string, string];
  switch (plan.kind) {
    case 1: return { zip: { [first]: list(plan.sources[0], lists, keys), [second]: plan.flag ? list(plan.sources[0], lists, keys) : shortList(plan.sources[1]) } };
    case 2: return { matrix: { [first]: shortList(plan.sources[0]), [second]: plan.flag ? shortList(plan.sources[1]) : list(plan.sources[1], lists, keys) } };
    case 3: return { custom: custom(plan.sources[0]) };
    default: return { array: { [first]: plan.sources[0] === 59 ? "[1..130]" : list(plan.sources[0], lists, keys) } };
  }
}

function custom(at: number): NonNullable<ExpansionDefinition["custom"]> {
  const expression = CUSTOM[at % (CUSTOM.length + 2)];
  if (expression !== undefined) return { expression };
  return at % 2 === 0 ? { expander: "range", args: { from: 1, to: "{{ $count(ys) }}" } } : { expander: "chunks", args: { list: "{{ xs }}", size: 2 } };
}

function list(at: number, lists: readonly string[], keys: readonly string[]): JsonValue {
  const named = reference(lists[at % lists.length] as string);
  const any = reference(keys[at % keys.length] as string);
  const choices: JsonValue[] = [
    [1, 2, 3], "xs", named, "[1..5]", "rows", named, [], "rows.id", [[], "", null, { id: 0.1 }], `[${any}]`, named, any, "xs[$ > 1000]", "xs", "[1..12]", `${any} ?? []`,
  ];
  return choices[at % choices.length] as JsonValue;
}

/** By expression only: of two literal lists in a zip the lengths would be checked before it runs. */
function shortList(at: number): JsonValue {
  return (["xs", "ys", "[1, 2]", "[\"a\"]", "rows.v", "[]"] as const)[at % 6] as JsonValue;
}

function narrowing({ kind, filter, entries, variable }: ExpansionPlan): Partial<ExpansionDefinition> {
  const name = variable === 3 ? "n" : "v";
  const filters: Record<number, string> = { 5: "$index < 3", 6: kind === 3 ? "$index != 1" : name, 7: `${name} != 2`, 8: "$index % 2 = 0", 9: "flag" };
  const text = filters[filter];
  const exclude: JsonValue[] = [{ [name]: 1 }, { [name]: 2, w: 2 }];
  const include: JsonValue[] = [{ extra: "x" }, { [name]: 1, w: 9 }, { [name]: 3, extra: [] }];
  return {
    ...(text === undefined ? {} : { filter: text }),
    ...(kind === 2 && entries > 3 ? { exclude: exclude.slice(0, entries - 4), include: include.slice(0, entries - 4) } : {}),
  };
}

function identifier({ identifier: form, variable, kind }: ExpansionPlan): { identifier?: string } {
  const forms: Record<number, string> = { 5: "{{ $index }}", 6: "id-{{ $index }}", 7: `{{ ${variable === 3 && kind !== 3 ? "n" : "v"} }}`, 8: "x{{ $index % 3 }}" };
  const text = forms[form];
  return text === undefined ? {} : { identifier: text };
}

function reduce({ reduce: form }: ExpansionPlan): { reduce?: string } {
  const forms: Record<number, string> = { 3: "$count($results)", 4: "$sum($results)", 5: "$results", 6: "$results[0]" };
  const text = forms[form];
  return text === undefined ? {} : { reduce: text };
}
