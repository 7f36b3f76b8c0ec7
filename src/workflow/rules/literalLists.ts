/** Literal lists of an expansion fit together: those of a zip in length, those of a matrix in the number of combinations. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { combinationCount } from "../combinations.js";
import type { Axis } from "../combinations.js";
import { isObject } from "../json.js";
import { LIMITS } from "../limits.js";
import { expansionsOf } from "./ruleInput.js";
import type { RuleInput } from "./ruleInput.js";

export function literalLists(input: RuleInput): Problem[] {
  return expansionsOf(input).flatMap(({ expansion, path }) => [
    ...zipProblems(literals(expansion.zip), `${path}.zip`),
    ...matrixProblems(literals(expansion.matrix), `${path}.matrix`),
  ]);
}

function zipProblems(axes: readonly Axis[], path: string): Problem[] {
  if (new Set(axes.map(([, values]) => values.length)).size <= 1) return [];
  const lengths = axes.map(([variable, values]) => `${variable} has ${values.length}`).join(", ");
  return [problem("EXPANSION_LENGTH", `The lists of the zip have different lengths: ${lengths}`, path, "Make them equally long, or use matrix for every combination.")];
}

function matrixProblems(axes: readonly Axis[], path: string): Problem[] {
  const count = combinationCount(axes);
  if (count <= LIMITS.items) return [];
  return [problem("EXPANSION_TOO_LARGE", `The matrix makes ${count} combinations or more; the limit is ${LIMITS.items}`, path, "Split it into several tasks.")];
}

function literals(variables: unknown): Axis[] {
  if (!isObject(variables)) return [];
  return Object.entries(variables).flatMap(([variable, value]): Axis[] => (Array.isArray(value) ? [[variable, value]] : []));
}
