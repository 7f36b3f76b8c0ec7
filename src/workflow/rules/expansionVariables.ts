/** An expansion's variables are enough in number, have names that expressions can use, and values that can be lists. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import { FORBIDDEN_KEY, isObject } from "../json.js";
import type { JsonValue } from "../json.js";
import { childPath, describeKind } from "../jsonTree.js";
import { expansionsOf } from "./ruleInput.js";
import type { CustomExpansionDefinition } from "../definition.js";
import type { RuleInput } from "./ruleInput.js";

const VARIABLE = /^[\p{L}_][\p{L}\p{N}_]*$/u;
/** Words that JSONata reads as something else than a name. */
const RESERVED = new Set(["true", "false", "null", "and", "or", "in", "function"]);

export function expansionVariables(input: RuleInput): Problem[] {
  return expansionsOf(input).flatMap(({ expansion, path }) => [
    ...(["array", "zip", "matrix"] as const).flatMap((kind) => (expansion[kind] === undefined ? [] : ofKind(kind, expansion[kind], `${path}.${kind}`))),
    ...(expansion.custom === undefined ? [] : customProblems(expansion.custom, `${path}.custom`)),
  ]);
}

/** Whether expressions can use it as an item's variable. Exported for the entries of a matrix's include. */
export function variableNameProblems(name: string, path: string): Problem[] {
  if (name === FORBIDDEN_KEY) return [problem("FORBIDDEN_KEY", `${name} cannot be a variable`, path)];
  if (VARIABLE.test(name) && !RESERVED.has(name)) return [];
  return [problem("INVALID_NAME", `${JSON.stringify(name)} cannot be the name of a variable`, path,
    "Use letters, digits and '_', not starting with a digit or '$', and none of JSONata's own words.")];
}

function ofKind(kind: "array" | "zip" | "matrix", variables: unknown, path: string): Problem[] {
  if (!isObject(variables)) {
    return [problem("INVALID_VALUE", `${kind} is ${describeKind(variables)}, not an object`, path, `Write ${kind}: {variable: "expression"}.`)];
  }
  const entries = Object.entries(variables);
  return [
    ...countProblems(kind, entries.length, path),
    ...entries.flatMap(([name, value]) => [
      ...variableNameProblems(name, childPath(path, name)),
      ...valueProblems(kind, name, value, childPath(path, name)),
    ]),
  ];
}

function countProblems(kind: string, count: number, path: string): Problem[] {
  if (count === 0) return [problem("EXPANSION_OPTION", `${kind} has no variable`, path, `Write ${kind}: {variable: "expression"}.`)];
  if (kind !== "array" || count === 1) return [];
  return [problem("EXPANSION_OPTION", `array has ${count} variables, but takes exactly one`, path,
    "Use zip to advance several together, matrix for every combination.")];
}

function valueProblems(kind: string, name: string, value: JsonValue, path: string): Problem[] {
  if (Array.isArray(value) || typeof value === "string") return [];
  return [problem("INVALID_VALUE", `${name} of ${kind} is ${describeKind(value)}, neither an expression nor a list`, path,
    "Write a JSONata expression as a string, or a literal list.")];
}

function customProblems({ expression, expander, args }: CustomExpansionDefinition, path: string): Problem[] {
  if (expression === undefined && expander === undefined) {
    return [problem("REQUIRED", "custom has neither an expression nor an expander", `${path}.expression`, "Write a JSONata expression that gives a list of objects, or name an expander.")];
  }
  if (expression !== undefined && expander !== undefined) {
    return [problem("EXPANSION_OPTION", "custom has both an expression and an expander", path, "Remove one of them.")];
  }
  return args === undefined || expander !== undefined ? [] : [problem("EXPANSION_OPTION", "args go with an expander only", `${path}.args`, "Remove them, or name an expander.")];
}
