/** Values that have tripped JSON handling before, and templates over the names a task can see. */

import fc from "fast-check";
import type { JsonValue } from "../../src/workflow/json.js";

export const odd: readonly JsonValue[] = [
  1, "text", [], [[]], "", 0.1, null, { id: 7 }, 1e21, -0, "𝄞 {{{{ }}", { "": {} }, [[], [null]], false, 5e-324, { $error: { code: "X" } }, "@0", [1, 2, 3], 9007199254740993, "O\n1 2",
];

export const oddValue: fc.Arbitrary<JsonValue> = fc.oneof({ weight: 2, arbitrary: fc.integer({ min: 0, max: 3 }) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });

export interface RefPlan { root: number; form: number }

export const refPlan: fc.Arbitrary<RefPlan> = fc.record({ root: fc.nat(60), form: fc.nat(11) });

export function pick<T>(from: readonly T[], at: number): T {
  return from[at % from.length] as T;
}

/** A context key as expressions write it. */
export function reference(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? key : `\`${key}\``;
}

export function expressionOver(root: string, form: number): string {
  const forms = [
    root, root, `${root} ?? "none"`, `${root}.id ?? null`, `$count(${root})`, `$string(${root})`, `${root}[0] ?? 0`, `${root}.id.x ?? "deep"`,
    `$exists(${root}) ? [${root}] : []`, `[${root}]`, root, `${root}.id`,
  ];
  return forms[form % forms.length] as string;
}

/** A template's string: mostly one placeholder, sometimes spliced into a text. */
export function placeholderOver(root: string, form: number): string {
  const placeholder = `{{ ${expressionOver(root, form)} }}`;
  return form === 10 ? `<${placeholder}> {{{{` : placeholder;
}

/** Null `weight` times as often as a value. */
export function seldom<T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}
