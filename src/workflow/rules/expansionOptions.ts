/** The options of an expansion go with each other and lie in their ranges. */

import { problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { ExpansionDefinition } from "../definition.js";
import { MAX_BATCH } from "../limits.js";
import { expansionsOf } from "./ruleInput.js";
import type { RuleInput } from "./ruleInput.js";

export function expansionOptions(input: RuleInput): Problem[] {
  return expansionsOf(input).flatMap(({ declared, expansion, path }) => [
    ...(declared.kind === "GROUP" && expansion.batchSize !== undefined ? [batchedGroup(path)] : []),
    ...formatProblems(expansion, path),
    ...(expansion.nested ? nestedProblems(expansion, path) : []),
    ...rangeProblems(expansion, path),
  ]);
}

function formatProblems({ outputFormat, flatten, nested, reduce }: ExpansionDefinition, path: string): Problem[] {
  const problems: Problem[] = [];
  const wrong = (option: string, format: string): void => {
    problems.push(problem("EXPANSION_OPTION", `${option} goes with outputFormat ${format} only, here it is ${outputFormat}`, `${path}.${option}`,
      `Remove ${option}, or use outputFormat ${format}.`));
  };
  if (flatten && outputFormat !== "MERGE") wrong("flatten", "MERGE");
  if (nested && outputFormat !== "MERGE") wrong("nested", "MERGE");
  if (reduce !== undefined && outputFormat !== "SINGLE") wrong("reduce", "SINGLE");
  return problems;
}

/**
 * A nested output has one slot for every combination, so nothing may remove or add one. DROP, the default, removes
 * slots only where failures are tolerated.
 */
function nestedProblems(expansion: ExpansionDefinition, path: string): Problem[] {
  const tolerates = (expansion.toleratedFailures ?? 0) > 0 || (expansion.toleratedFailurePercent ?? 0) > 0;
  const clashes = [
    ...(expansion.matrix === undefined ? ["an expansion that is no matrix"] : []),
    ...((expansion.include ?? []).length > 0 ? ["include"] : []),
    ...((expansion.exclude ?? []).length > 0 ? ["exclude"] : []),
    ...(expansion.filter === undefined ? [] : ["filter"]),
    ...(tolerates && expansion.onItemFailure === "DROP" ? ["onItemFailure DROP"] : []),
  ];
  return clashes.map((clash) => problem("EXPANSION_OPTION", `nested does not go with ${clash}`, `${path}.nested`,
    clash === "onItemFailure DROP" ? "Use onItemFailure NULL or ERROR, which keep the slot." : "A nested output needs every combination of a matrix."));
}

/** A batch is one call of a handler: in an instance of a group there are many. */
function batchedGroup(path: string): Problem {
  return problem("EXPANSION_OPTION", "batchSize goes with the expansion of a task, not with that of a group", `${path}.batchSize`, "Remove it, or give it to a task in the group that is expanded itself.");
}

function rangeProblems(expansion: ExpansionDefinition, path: string): Problem[] {
  const problems: Problem[] = [];
  const check = (option: "maxParallel" | "toleratedFailures" | "toleratedFailurePercent" | "batchSize", fits: (value: number) => boolean, range: string): void => {
    const value = expansion[option];
    if (value === undefined || fits(value)) return;
    problems.push(problem("INVALID_VALUE", `${option} is ${value}`, `${path}.${option}`, `Use ${range}.`));
  };
  check("maxParallel", (value) => Number.isInteger(value) && value >= 1, "a whole number of at least 1");
  check("batchSize", (value) => Number.isInteger(value) && value >= 1 && value <= MAX_BATCH, `a whole number from 1 to ${MAX_BATCH}`);
  check("toleratedFailures", (value) => Number.isInteger(value) && value >= 0, "a whole number of at least 0");
  check("toleratedFailurePercent", (value) => value >= 0 && value <= 100, "a number from 0 to 100");
  return problems;
}
