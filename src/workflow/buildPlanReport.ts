/** What planWorkflow answers: problems, warnings, the graph and an estimate of its size, without running anything. */

import { problem } from "../errors.js";
import type { Problem } from "../errors.js";
import { combinationCount, combine } from "./combinations.js";
import type { Axis } from "./combinations.js";
import { taskNodes } from "./compensations.js";
import { compilePlan } from "./compilePlan.js";
import type { ExpansionDefinition, WorkflowDefinition } from "./definition.js";
import { compileTemplate } from "./expressions/template.js";
import type { Scope } from "./expressions/types.js";
import { isObject } from "./json.js";
import type { JsonValue } from "./json.js";
import type { Plan, PlanNode, PlanScope } from "./plan.js";
import type { PlanReport, PlanReportNode } from "./planReport.js";
import { taskWarnings } from "./planWarnings.js";
import { unknownReads } from "./rules/knownKeys.js";
import { ruleInput } from "./rules/ruleInput.js";
import type { KnownHandlers, RuleInput } from "./rules/ruleInput.js";
import { listOf, variablesOf } from "./TaskExpansion.js";
import { problemsOf, shapeProblems } from "./validate.js";

/** Combinations that are worth making only to count what exclude and include leave of them. */
const MAX_COUNTED_COMBINATIONS = 100_000;

/**
 * The report on a definition. Without a context nothing is known about its keys: keys that no task writes are warnings
 * then, as they may come with the context. With problems the graph is shown as far as it can be told.
 */
export function buildPlanReport(definition: WorkflowDefinition, context: JsonValue | undefined, handlers: KnownHandlers): PlanReport {
  const misshapen = shapeProblems(definition, context);
  if (misshapen.length > 0) return { valid: false, problems: misshapen, warnings: [], nodes: [], levels: 0 };
  const input = ruleInput(definition, context, handlers);
  const problems = problemsOf(input);
  const plan = compilePlan(definition);
  const estimatedTasks = problems.length === 0 ? estimate(plan, context) : undefined;
  return {
    valid: problems.length === 0,
    problems,
    warnings: warningsOf(input, plan),
    nodes: taskNodes(plan).map((node) => reportNode(plan, node)),
    levels: plan.levels,
    ...(estimatedTasks === undefined ? {} : { estimatedTasks }),
  };
}

function reportNode(plan: Plan, node: PlanNode): PlanReportNode {
  return {
    task: node.address,
    level: node.level,
    dependsOn: node.needs.map(({ from }) => plan.nodes[from]?.address ?? ""),
    reads: [...node.reads, ...node.optionalReads],
    writes: [...node.keys, ...node.optionalKeys],
  };
}

function warningsOf(input: RuleInput, plan: Plan): Problem[] {
  const read = new Set(plan.nodes.flatMap((node) => [...node.reads, ...node.optionalReads]));
  return [
    ...(input.contextKeys === undefined ? openKeys(input) : []),
    ...taskWarnings(input),
    ...taskNodes(plan).flatMap((node) => [...unusedResult(node, plan, read), ...unusedFallback(node), ...inExpansion(node)]),
    ...plan.nodes.flatMap(missingTimeout),
  ];
}

function openKeys(input: RuleInput): Problem[] {
  const readers = new Map<string, { path: string; reader: string }>();
  const { properties } = isObject(input.definition.contextSchema) ? input.definition.contextSchema : {};
  // What the schema declares comes with the context.
  const declared = isObject(properties) ? properties : {};
  for (const { name, path, reader } of unknownReads(input)) if (!readers.has(name) && !Object.hasOwn(declared, name)) readers.set(name, { path, reader });
  return [...readers].map(([name, { path, reader }]) => problem("UNKNOWN_KEY", `${reader} reads ${name}, which no task writes`, path,
    `Give ${name} in the context when you submit it.`));
}

/**
 * The last tasks' results are the workflow's own, and so are values that several tasks add to; others that nobody reads
 * were probably meant to be read.
 */
function unusedResult(node: PlanNode, plan: Plan, read: ReadonlySet<string>): Problem[] {
  const scope = plan.scopes.get(node.scope);
  const used = new Set([...(scope?.reduced.keys() ?? []), ...(scope?.owner?.keys ?? []), ...(plan.definition.exports ?? [])]);
  const keys = [...node.keys, ...node.optionalKeys].filter((key) => !used.has(key));
  if (node.level === plan.levels || node.dependents.length > 0 || keys.length === 0 || keys.some((key) => read.has(key))) return [];
  return [problem("UNUSED_RESULT", `No task reads what ${node.address} writes (${keys.join(", ")})`, node.path)];
}

function missingTimeout({ task, address, path, compensates }: PlanNode): Problem[] {
  const ownTimeout = isObject(task.input) && task.input.timeout !== undefined;
  if (task.handler !== "http" || task.timeoutMs !== undefined || task.totalTimeoutMs !== undefined || ownTimeout) return [];
  // A compensation has no timeout of its own to set.
  return [problem("NO_TIMEOUT", `${address} calls another server without a timeout`, `${path}.${compensates === undefined ? "timeout" : "input.timeout"}`)];
}

function unusedFallback({ task, address, path }: PlanNode): Problem[] {
  if (task.fallback === undefined || task.onFailure === "FALLBACK") return [];
  return [problem("UNUSED_FALLBACK", `${address} has a fallback, but onFailure is ${task.onFailure}`, `${path}.fallback`)];
}

function inExpansion({ expansion, address, path }: PlanNode): Problem[] {
  if (expansion === undefined) return [];
  const warnings: Problem[] = [];
  const hasOpenList = expansion.custom !== undefined || Object.values(variablesOf(expansion)).some((value) => typeof value === "string");
  if (expansion.maxParallel === undefined && hasOpenList) {
    warnings.push(problem("UNBOUNDED_PARALLEL", `${address} runs all items of a list of unknown length at once`, `${path}.expansion.maxParallel`));
  }
  if (expansion.identifier !== undefined && isConstant(expansion.identifier)) {
    warnings.push(problem("CONSTANT_IDENTIFIER", `Every item of ${address} has the same identifier`, `${path}.expansion.identifier`));
  }
  return warnings;
}

/** A template that cannot be parsed is a problem of its own. */
function isConstant(identifier: string): boolean {
  try {
    return compileTemplate(identifier).constant;
  } catch {
    return false;
  }
}

/** Tasks that are not expanded, and the items of those that are; undefined when one expansion cannot be told beforehand. */
function estimate(plan: Plan, context: JsonValue | undefined): number | undefined {
  return estimateScope(plan.root, plan, contextScope(context));
}

function estimateScope({ nodes }: PlanScope, plan: Plan, scope: Scope): number | undefined {
  let total = 0;
  for (const { kind, index, expansion, reads, variables } of nodes) {
    const count = expansion === undefined ? 1 : itemCount(expansion, scope, [...reads, ...variables]);
    const inside = kind === "GROUP" && count !== 0 ? estimateScope(plan.scopes.get(index) as PlanScope, plan, scope) : 1;
    if (count === undefined || inside === undefined) return undefined;
    total += count * inside;
  }
  return total;
}

/** Items before the filter, from literal lists and from plain paths into the context. */
function itemCount(expansion: ExpansionDefinition, scope: Scope, reads: readonly string[]): number | undefined {
  if (expansion.custom?.expander !== undefined) return undefined;
  const axes: Axis[] = [];
  const sources: [string, JsonValue][] = expansion.custom === undefined
    ? Object.entries(variablesOf(expansion)) : [["custom", expansion.custom.expression ?? ""]];
  if (sources.some(([, value]) => typeof value === "string") && reads.some((name) => scope.get(name) === undefined)) return undefined;
  try {
    for (const [variable, value] of sources) {
      const list = listOf(value, scope, variable);
      if (list instanceof Promise) {
        list.catch(() => undefined);
        return undefined;
      }
      axes.push([variable, list]);
    }
    if (expansion.matrix === undefined) return axes[0]?.[1].length;
    const count = combinationCount(axes);
    return count > MAX_COUNTED_COMBINATIONS ? count : combine(expansion, axes).length;
  } catch {
    return undefined;
  }
}

function contextScope(context: JsonValue | undefined): Scope {
  const values = isObject(context) ? context : {};
  return { get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined), names: () => Object.keys(values) };
}
