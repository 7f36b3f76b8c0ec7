/** `exclude` and `include` belong to a matrix; their entries are objects, and `exclude` names only the matrix's variables. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { ExpansionDefinition } from "../definition.js";
import { isObject } from "../json.js";
import { childPath, describeKind } from "../jsonTree.js";
import { nearMiss } from "../nearMiss.js";
import { variableNameProblems } from "./expansionVariables.js";
import { expansionsOf } from "./ruleInput.js";
import type { RuleInput } from "./ruleInput.js";

export function matrixEntries(input: RuleInput): Problem[] {
  return expansionsOf(input).flatMap(({ expansion, path }) => (["exclude", "include"] as const).flatMap((option) => {
    const entries = expansion[option];
    if (entries === undefined) return [];
    if (expansion.matrix === undefined) {
      return entries.length === 0 ? [] : [problem("EXPANSION_OPTION", `${option} goes with matrix only`, `${path}.${option}`, "Remove it, or use matrix.")];
    }
    return entries.flatMap((entry, at) => entryProblems(option, entry, `${path}.${option}[${at}]`, expansion));
  }));
}

function entryProblems(option: "exclude" | "include", entry: unknown, path: string, expansion: ExpansionDefinition): Problem[] {
  if (!isObject(entry)) {
    return [problem("INVALID_VALUE", `An entry of ${option} is ${describeKind(entry)}, not an object`, path, "Write {variable: value, ...}.")];
  }
  const names = Object.keys(entry);
  if (option === "include") return names.flatMap((name) => variableNameProblems(name, childPath(path, name)));
  if (names.length === 0) {
    return [problem("EXPANSION_OPTION", "An entry of exclude is empty, so it would leave out every combination", path, "Name a variable and its value.")];
  }
  const variables = Object.keys(expansion.matrix ?? {});
  return names.filter((name) => !variables.includes(name)).map((name) => {
    const near = nearMiss(name, variables);
    return problem("EXPANSION_OPTION", `exclude names ${name}, which is not a variable of the matrix`, childPath(path, name),
      near === undefined ? `The matrix has ${variables.join(", ")}.` : `Did you mean ${near}?`);
  });
}
