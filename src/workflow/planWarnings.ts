/** Warnings of a plan about single tasks: what is allowed, but probably not meant. */

import { problem } from "../errors.js";
import type { Problem } from "../errors.js";
import type { DeclaredTask, KeyRead } from "./declaredTasks.js";
import type { ExpansionDefinition } from "./definition.js";
import { compileTemplate } from "./expressions/template.js";
import { isObject } from "./json.js";
import { childPath } from "./jsonTree.js";
import { MAX_HINTS } from "./limits.js";
import { nearMiss } from "./nearMiss.js";
import type { RuleInput } from "./rules/ruleInput.js";
import { matcherOf, type Matcher } from "./schemas/patterns.js";
import { resolveName, type DeclaredScope } from "./scopes.js";

/** More calls of another server at once than it is likely to like. */
const MANY_CALLS = 100;

export function taskWarnings(input: RuleInput): Problem[] {
  return [...misspeltKeys(input), ...undeclaredKeys(input), ...input.tasks.flatMap((declared) => [...repeatedCall(declared), ...manyCalls(declared), ...partialIdentifier(declared)])];
}

/** Names that tasks can do without, so that nobody misses them, but that look like one that there is. */
function misspeltKeys({ definition, tasks, contextKeys, writers }: RuleInput): Problem[] {
  const known = new Set([...(contextKeys ?? []), ...writers.keys(), ...(definition.externalKeys ?? [])]);
  const warnings: Problem[] = [];
  for (const { address, reads, task } of tasks) {
    const variables = variableNames(task.expansion);
    for (const { name, need, path } of reads) {
      if (need === "REQUIRED" || known.has(name) || variables.includes(name) || warnings.length >= MAX_HINTS) continue;
      const near = nearMiss(name, known);
      if (near === undefined) continue;
      const hint = need === "OPTIONAL" ? `Did you mean ${near}?` : `Did you mean ${near}? If ${name} is a context key, name it in dependencies.`;
      warnings.push(problem("MISSPELT_KEY", `${address} reads ${name}, which nobody provides, and goes on without it`, path, hint));
    }
  }
  return warnings;
}

/**
 * Who writes a contextSchema says what comes with the context: a key of it that nothing but a template names was forgotten there, or is
 * not what it should be called. Without a context, required ones are told as keys that nobody writes.
 */
function undeclaredKeys({ definition, tasks, contextKeys, scopes }: RuleInput): Problem[] {
  const { properties, patternProperties } = isObject(definition.contextSchema) ? definition.contextSchema : {};
  if (!isObject(properties)) return [];
  const patterns = Object.keys(isObject(patternProperties) ? patternProperties : {}).flatMap(patternOf);
  const isNamed = ({ path }: KeyRead): boolean => /\.(dependencies|optionalDependencies)\[\d+\]$/.test(path);
  const declared = new Set([...Object.keys(properties), ...(definition.externalKeys ?? []), ...tasks.flatMap(({ reads }) => reads.filter(isNamed).map(({ name }) => name))]);
  const found = new Map<string, Problem>();
  for (const { address, reads, scope, task } of tasks) {
    const variables = variableNames(task.expansion);
    for (const { name, need, path } of reads) {
      const isOpen = contextKeys === undefined ? need !== "OPTIONAL" : need === "MAYBE_VARIABLE" && !contextKeys.has(name);
      if (isOpen || need === "VARIABLE" || need === "HOISTED" || name === "" || found.has(name) || declared.has(name) || variables.includes(name) || patterns.some((pattern) => pattern.test(name))) continue;
      if (resolveName(scopes.get(scope) as DeclaredScope, name).scope.writers.has(name)) continue;
      found.set(name, problem("UNDECLARED_KEY", `${address} reads ${name}, which contextSchema does not declare`, path));
    }
  }
  return [...found.values()];
}

/** One that cannot be used is a problem of its own. */
function patternOf(source: string): Matcher[] {
  try {
    return [matcherOf(source)];
  } catch {
    return [];
  }
}

function variableNames({ array, zip, matrix, include }: Partial<ExpansionDefinition> = {}): string[] {
  return [array ?? zip ?? matrix ?? {}, ...(include ?? [])].flatMap((names) => (isObject(names) ? Object.keys(names) : []));
}

/** A request that is not known to be harmless when it is made twice, without a key by which the server could tell. */
function repeatedCall({ task, address, path }: DeclaredTask): Problem[] {
  const { method, headers } = isObject(task.input) ? task.input : {};
  const changes = typeof method === "string" && ["POST", "PATCH"].includes(method.toUpperCase());
  const names = isObject(headers) ? Object.keys(headers).map((name) => name.toLowerCase()) : [];
  if (task.handler !== "http" || task.retry === undefined || !changes || names.includes("idempotency-key")) return [];
  return [problem("REPEATED_CALL", `${address} repeats a ${method.toUpperCase()} that may have had its effect already`, `${path}.retry`)];
}

function manyCalls({ task: { handler, expansion }, address, path }: DeclaredTask): Problem[] {
  if (handler !== "http" || expansion === undefined || expansion.maxParallel !== undefined) return [];
  const lists = Object.values(expansion.array ?? expansion.zip ?? expansion.matrix ?? {});
  if (lists.length === 0 || !lists.every(Array.isArray)) return [];
  const lengths = lists.map((list) => (list as unknown[]).length);
  const calls = expansion.matrix === undefined ? (lengths[0] as number) : lengths.reduce((product, length) => product * length, 1);
  return calls <= MANY_CALLS ? [] : [problem("UNBOUNDED_PARALLEL", `${address} makes up to ${calls} calls of another server at once`, `${path}.expansion.maxParallel`)];
}

/** Combinations that differ in other axes only would have the same identifier. */
function partialIdentifier({ task: { expansion }, address, path }: DeclaredTask): Problem[] {
  const { matrix, identifier } = expansion ?? {};
  if (matrix === undefined || identifier === undefined || /\$(index|item)/.test(identifier)) return [];
  const read = readsOf(identifier);
  const left = Object.entries(matrix).filter(([axis, values]) => !read.includes(axis) && !(Array.isArray(values) && values.length <= 1)).map(([axis]) => axis);
  if (read.length === 0 || left.length === 0) return [];
  return [problem("PARTIAL_IDENTIFIER", `The identifier of ${address} does not tell apart what differs in ${left.join(", ")} only`, childPath(`${path}.expansion`, "identifier"))];
}

/** A template that cannot be parsed is a problem of its own. */
function readsOf(template: string): readonly string[] {
  try {
    const { required, optional } = compileTemplate(template).reads;
    return [...required, ...optional];
  } catch {
    return [];
  }
}
