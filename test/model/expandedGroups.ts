/** Arbitrary expanded groups: small ones, so that groups in groups stay few instances, that export all their keys or some, and that hide keys around them. */

import fc from "fast-check";
import type { ExpansionDefinition, TaskGroupDefinition } from "../../src/workflow/definition.js";
import type { JsonValue } from "../../src/workflow/json.js";
import { buildExpansion, expansionPlan, variableNames, type ExpansionPlan } from "./expansions.js";
import type { Levels, Before } from "./levels.js";
import { reference, seldom } from "./values.js";

export const groupPlan = fc.record({
  expansion: expansionPlan,
  /** Most groups tolerate what fails in them, as otherwise little would come of them. */
  tolerant: fc.nat(3).map((n) => n > 0),
  /** 0 to 2: all keys. */
  exports: fc.nat(5),
});
export type GroupPlan = typeof groupPlan extends fc.Arbitrary<infer T> ? T : never;

/** Keys of the context, and of a task outside, that a task in an expanded group writes as keys of its own. */
const shadowPlan = fc.record({ task: fc.nat(11), key: fc.nat(2), optional: fc.boolean() });

export const expandedPlan = fc.record({
  groups: fc.tuple(seldom(1, groupPlan), seldom(1, groupPlan), seldom(1, groupPlan)),
  shadows: fc.array(shadowPlan, { maxLength: 3 }),
});
export type ExpandedPlan = typeof expandedPlan extends fc.Arbitrary<infer T> ? T : never;
export const NOT_EXPANDED: ExpandedPlan = { groups: [null, null, null], shadows: [] };

export interface Shadow { key: string; optional: boolean }

/**
 * The keys that tasks write besides their own, by the task's position: at most one task of a scope writes each.
 * @param plain the key of each task that writes its own name, undefined of others
 */
export function shadowsOf({ shadows }: ExpandedPlan, levels: Levels, mayShadow: (at: number) => boolean, plain: readonly (string | undefined)[]): Map<number, Shadow> {
  const { groupOf } = levels.shape;
  const outside = plain.find((key, at) => key !== undefined && levels.ofGroup(groupOf[at] as string) === "");
  const found = new Map<number, Shadow>();
  for (const { task: at, key: choice, optional } of shadows) {
    const level = levels.ofGroup(groupOf[at] ?? "");
    const key = ["a b", "ключ-1 🙂", outside][choice];
    if (level === "" || key === undefined || found.has(at) || !mayShadow(at) || levels.announced(level).has(key)) continue;
    levels.announce(level, key, at);
    found.set(at, { key, optional });
  }
  return found;
}

/** Names that the tasks in the group can use; `$item` and `$index` are those of an inner expansion, where there is one. */
export function groupVariables({ expansion }: GroupPlan): string[] {
  return expansion.kind === 3 ? ["v", "w"] : variableNames(expansion);
}

/** Without `reduce`, which is about keys that are known only at the end. */
export function buildGroupExpansion({ expansion: plan, tolerant }: GroupPlan, { lists, keys, variables }: Before): ExpansionDefinition {
  const { reduce: _, batchSize: __, exclude, include, ...built } = buildExpansion({ ...plan, sources: [plan.sources[0] % 59, plan.sources[1]] }, lists, [...keys, ...variables]);
  return {
    ...built, ...source(plan, lists, [...keys, ...variables]),
    ...(exclude && include ? { exclude, include } : {}),
    ...(tolerant ? { toleratedFailures: undefined, toleratedFailurePercent: 100 } : {}),
  };
}

const CUSTOM = ["[1..2].{\"v\": $}", "rows", "xs.{\"v\": $, \"odd\": 1}", "[]", "[1..3].($ % 2 = 0 ? {\"v\": $} : {\"w\": $})", "rows.{\"v\": v, \"id\": {\"x\": id}}"];

function source(plan: ExpansionPlan, lists: readonly string[], keys: readonly string[]): Partial<ExpansionDefinition> {
  const [first, second] = variableNames(plan) as [string, string];
  const [one, other] = plan.sources;
  switch (plan.kind) {
    case 1: return { zip: { [first]: smallList(one, lists, keys), [second]: plan.flag || other % 4 > 0 ? smallList(one, lists, keys) : "[7, 8]" } };
    case 2: return { matrix: { [first]: pick(["[1, 2]", [3], "[1..2]", "[\"a\"]"], one), [second]: pick([[1, 2], "xs", "[]", "ys", [{ id: 1 }, null]], other) } };
    case 3: return { custom: one % 7 === 6 ? { expander: "range", args: { from: 1, to: "{{ $count(ys) }}" } } : { expression: pick(CUSTOM, one) } };
    default: return { array: { [first]: smallList(one, lists, keys) } };
  }
}

function smallList(at: number, lists: readonly string[], keys: readonly string[]): JsonValue {
  const [named, any] = [reference(pick(lists, at)), reference(pick(keys, at))];
  return pick<JsonValue>([[1, 2, 3], "xs", named, "[1..2]", "ys", [], `[${any}]`, [[], "", { id: 0.1 }], named, "rows", `[${any}, 1]`, "[1..4]", any], at);
}

/** @param hides whether it writes keys that exist outside under the same name */
export function exportsAll({ exports }: GroupPlan, hides: boolean): boolean {
  return exports <= 2 && !hides;
}

/** @param written keys of its scope, of which it keeps its `own` to itself */
export function exportedKeys({ exports }: GroupPlan, written: readonly string[], own: ReadonlySet<string>): string[] {
  const free = written.filter((key) => !own.has(key));
  return exports <= 2 ? free : free.filter((_, at) => (at + exports) % 2 === 0);
}

/** @param keys that the group writes around it */
export function withReduce({ expansion: { reduce } }: GroupPlan, built: ExpansionDefinition, keys: readonly string[]): ExpansionDefinition {
  if (built.outputFormat !== "SINGLE" || reduce < 3) return built;
  const fields = keys.map((key) => `${JSON.stringify(key)}: $results.${reference(key)}`);
  const forms: Record<number, string> = { 3: "$count($results)", 4: `{${fields.slice(0, reduce === 4 ? 9 : 1).join(", ")}}`, 5: "$results", 6: "$results[0]" };
  return { ...built, reduce: forms[reduce] as string };
}

export function hasExpandedGroups({ groups = [] }: { groups?: TaskGroupDefinition[] }): boolean {
  return groups.some((group) => group.expansion !== undefined || hasExpandedGroups(group));
}

function pick<T>(from: readonly T[], at: number): T {
  return from[at % from.length] as T;
}
