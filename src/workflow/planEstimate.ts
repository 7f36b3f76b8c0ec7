/** What a plan's expansions come to with the context that is given: their exact size, and what would be wrong with them. */

import { FanwireError, problem } from "../errors.js";
import type { Code, Problem } from "../errors.js";
import { declaredTasks } from "./declaredTasks.js";
import type { DeclaredTask } from "./declaredTasks.js";
import type { ExpansionDefinition, WorkflowDefinition } from "./definition.js";
import type { Scope } from "./expressions/types.js";
import { isObject } from "./json.js";
import type { JsonValue } from "./json.js";
import type { PlanReport } from "./planReport.js";
import { TaskExpansion } from "./TaskExpansion.js";

/** Of all expansions together: a plan is not worth more of the server's time. */
const LONGEST_MS = 2_000;
/** Reports that estimate more are left as they are: no one asks a plan for exactness then. */
const MOST_TASKS = 20_000;

/**
 * Expands whatever depends on nothing but the context. With all expansions told, estimatedTasks is exact, filters
 * included; those that would fail in this context are warnings with the code that they would fail with.
 */
export async function withExpansions(report: PlanReport, definition: WorkflowDefinition, context: JsonValue | undefined): Promise<PlanReport> {
  if (!report.valid || (report.estimatedTasks ?? 0) > MOST_TASKS) return report;
  const expanded = declaredTasks(definition).filter(({ task }) => task.expansion !== undefined);
  if (expanded.length === 0 || context === undefined) return report;
  const scope = contextScope(context);
  const given = isObject(context) ? context : {};
  const later = new Set([
    ...declaredTasks(definition).flatMap(({ keys, optionalKeys }) => [...keys, ...optionalKeys]),
    ...(definition.externalKeys ?? []).filter((key) => !Object.hasOwn(given, key)),
  ]);
  const warnings: Problem[] = [];
  const items = new Map<number, number>();
  const untilMs = Date.now() + LONGEST_MS;
  for (const declared of expanded) {
    const told = Date.now() < untilMs ? await itemsOf(declared, scope, later) : undefined;
    if (told instanceof FanwireError) warnings.push(failure(declared, told));
    if (typeof told === "number") items.set(declared.index, told);
  }
  const total = tasksIn(undefined, declaredTasks(definition), items);
  return { ...report, warnings: [...report.warnings, ...warnings], ...(total === undefined ? {} : { estimatedTasks: total }) };
}

/** Tasks and items of a scope; of an expanded group its instances times what one of them has. Undefined when it cannot be told. */
function tasksIn(scope: number | undefined, tasks: readonly DeclaredTask[], items: ReadonlyMap<number, number>): number | undefined {
  let total = 0;
  for (const { kind, index, task } of tasks.filter((declared) => declared.scope === scope)) {
    const count = task.expansion === undefined ? 1 : items.get(index);
    const inside = kind === "GROUP" && count !== 0 ? tasksIn(index, tasks, items) : 1;
    if (count === undefined || inside === undefined) return undefined;
    total += count * inside;
  }
  return total;
}

/** Undefined when it cannot be told before it runs. @param later keys that tasks write or that come from outside */
async function itemsOf({ task, path, reads }: DeclaredTask, scope: Scope, later: ReadonlySet<string>): Promise<number | FanwireError | undefined> {
  const own = reads.filter((read) => read.path.startsWith(`${path}.expansion`));
  if (own.some(({ name, need }) => need === "VARIABLE" || need === "MAYBE_VARIABLE" || later.has(name) || (need === "REQUIRED" && scope.get(name) === undefined))) return undefined;
  const { filter, identifier, ...source } = task.expansion as ExpansionDefinition;
  try {
    const { items } = await new TaskExpansion(source).expand(scope);
    if (filter === undefined && identifier === undefined) return items.length;
    // One expression for each: too long for a plan.
    if (items.length > MOST_TASKS) return filter === undefined ? items.length : undefined;
    return (await new TaskExpansion(task.expansion as ExpansionDefinition).expand(scope)).items.length;
  } catch (error) {
    return error instanceof FanwireError && error.code.startsWith("EXPANSION_") ? error : undefined;
  }
}

/** The context's keys; what only a running task has (`$workflow`, `$attempt`) has no value that could be told. */
function contextScope(context: JsonValue): Scope {
  const values = isObject(context) ? context : {};
  return {
    get(name) {
      if (name.startsWith("$")) throw new FanwireError("EXPRESSION_ERROR", `${name} is not known yet`);
      return Object.hasOwn(values, name) ? values[name] : undefined;
    },
    names: () => Object.keys(values),
  };
}

function failure({ address, path }: DeclaredTask, { code, message }: FanwireError): Problem {
  return problem(code as Code, `With this context ${address} will fail: ${message}`, `${path}.expansion`);
}
