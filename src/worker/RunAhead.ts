/**
 * Goes on with what follows from a task that has just completed, before that is recorded; then all of it is recorded in one step. Only
 * with tasks of which nobody can tell the difference: their handlers are pure, nothing limits or checks them, and what they
 * need is in hand. Whatever is not as simple as that is left to be claimed.
 */

import type { ContextReader } from "../engine/ContextReader.js";
import type { Handler, HandlerRegistry } from "../engine/handlers.js";
import { rootPlace, type Place } from "../engine/Place.js";
import type { DoneOutcome, RanOutcome } from "../engine/ports.js";
import type { ResultText, Settlement } from "../engine/Settlement.js";
import { externalReads, laneOf } from "../engine/TaskGroup.js";
import { readableKeys, TaskScope } from "../engine/TaskScope.js";
import { limitsOf } from "../engine/timeLimits.js";
import { compiledTask } from "../workflow/compiledTask.js";
import { isUndoable } from "../workflow/compensations.js";
import type { JsonValue } from "../workflow/json.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import { hasResultCheck } from "../workflow/resultCheck.js";
import { HandlerCall, Result } from "./HandlerCall.js";
import type { LiveUnit } from "./LiveUnit.js";

export interface RunAheadServices {
  contexts: Pick<ContextReader, "cached">;
  settlement: Pick<Settlement, "complete">;
  handlers: Pick<HandlerRegistry, "get">;
}

/** A task that was run ahead. */
export interface RanTask {
  node: PlanNode;
  outcome: RanOutcome;
  result: ResultText;
}

/** What has ended waits to be recorded meanwhile: for so many tasks and about so long. */
const MAX_TASKS = 100;
const LONGEST_MS = 4;

export class RunAhead {
  readonly #handlers = new WeakMap<PlanNode, Handler | false>();

  constructor(private readonly services: RunAheadServices) {}

  /** @returns in the order in which they are to be recorded, behind the task that has completed */
  async follow(unit: LiveUnit, plan: Plan, node: PlanNode, { writes }: DoneOutcome, result: ResultText): Promise<RanTask[]> {
    // After a loss each task is on its own: whichever of them kills its worker shall be known.
    if (unit.claim.losses > 0 || node.scope !== undefined || node.optionalKeys.length > 0 || node.dependents.length === 0 || !isSimple(plan)) return [];
    const place = rootPlace(unit.claim.workflowId, plan);
    const values = new Map<string, JsonValue>();
    for (const [key, value] of writtenValues(writes, result)) values.set(key, value);
    const ended = new Set([node.index]);
    const ran: RanTask[] = [];
    const deadline = new Deadline(LONGEST_MS);
    const last = [node];
    for (let from = last.shift(); from; from = last.shift()) {
      for (const { to } of from.dependents) {
        const next = plan.nodes[to] as PlanNode;
        if (!next.needs.every((need) => ended.has(need.from)) || next.task.queue !== node.task.queue) continue;
        if (ran.length === MAX_TASKS || deadline.isOver || !unit.holds) return ran;
        const task = await this.#run(unit, place, next, values, deadline);
        if (!task) continue;
        ran.push(task);
        ended.add(to);
        last.push(next);
        for (const [key, value] of writtenValues(task.outcome.writes, task.result)) values.set(key, value);
      }
    }
    return ran;
  }

  /** @returns undefined when it is to be claimed after all; should it fail, it fails then */
  async #run(unit: LiveUnit, place: Place, node: PlanNode, written: ReadonlyMap<string, JsonValue>, deadline: Deadline): Promise<RanTask | undefined> {
    const handler = this.#handlerOf(place.plan, node);
    const values = handler && this.#valuesFor(place, node, written);
    if (!handler || !values) return undefined;
    const { workflowId, token } = unit.claim;
    try {
      const scope = new TaskScope(values, node, { workflowId, workflowName: place.plan.definition.name, attempt: 1 });
      const rendered = compiledTask(node).input.render(scope);
      const input = rendered instanceof Promise ? await deadline.before(rendered) : rendered;
      if (input === undefined) return undefined;
      const result = await callPure(handler, input, workflowId, node.address, deadline);
      if (!result) return undefined;
      const outcome = this.services.settlement.complete(place.plan, node, { workflowId, node: node.index, unit: "-", attempt: 1, token }, result);
      return { node, outcome: { ...outcome, kind: "ran", lane: laneOf(node, "PLAIN") }, result };
    } catch {
      return undefined;
    }
  }

  /** Its values as they are known without asking; undefined when some are not. */
  #valuesFor(place: Place, node: PlanNode, written: ReadonlyMap<string, JsonValue>): ReadonlyMap<string, JsonValue> | undefined {
    const keys = readableKeys(node);
    const others = keys.filter((key) => !written.has(key));
    if (others.length === 0) return written;
    const known = this.services.contexts.cached(place, others);
    return known && new Map([...others.map((key): [string, JsonValue] => [key, known.get(key) as JsonValue]), ...written]);
  }

  /** The handler of a task that may run ahead. */
  #handlerOf(plan: Plan, node: PlanNode): Handler | undefined {
    let handler = this.#handlers.get(node);
    if (handler === undefined) {
      const found = isSimpleTask(plan, node) ? this.services.handlers.get(node.task.handler) : undefined;
      this.#handlers.set(node, (handler = found?.pure ? found : false));
    }
    return handler || undefined;
  }
}

/** Keys and values that a task has written; those that are combined of several tasks' results are not among them. */
export function writtenValues(writes: readonly string[], result: ResultText): [key: string, value: JsonValue, characters: number][] {
  const values: [string, JsonValue, number][] = [];
  for (let i = 0; i < writes.length; i += 2) {
    const text = writes[i + 1] as string;
    if (text !== "") values.push([writes[i] as string, text === result.text ? result.value : (JSON.parse(text) as JsonValue), text.length]);
  }
  return values;
}

/** Nothing is undone, and nothing but the workflow's own time is limited. */
function isSimple(plan: Plan): boolean {
  const { kinds } = limitsOf(plan);
  return (kinds === "" || kinds === "w") && !isUndoable(plan);
}

function isSimpleTask(plan: Plan, node: PlanNode): boolean {
  const { when, input } = compiledTask(node);
  return node.kind === "TASK" && node.scope === undefined && node.expansion === undefined && node.compensates === undefined
    && node.task.timeoutMs === undefined && !when && input.secrets.length === 0 && !hasResultCheck(node)
    && node.optionalKeys.length === 0 && node.reducedKeys.length === 0 && !readableKeys(node).some((key) => plan.root.reduced.has(key))
    && externalReads(plan, node).length === 0;
}

/** @returns undefined when it does not answer in time, or does what no pure handler does */
async function callPure(handler: Handler, input: JsonValue, workflowId: string, task: string, deadline: Deadline): Promise<Result | undefined> {
  let isPure = true;
  const note = (): void => { isPure = false; };
  const started = new HandlerCall(handler, input, {
    workflowId, task, attempt: 1, onAlive: note, onProgress: note, onLog: note,
    startChild: () => Promise.reject(new Error("A pure handler starts nothing")),
  }).run();
  const answer = started instanceof Promise ? await deadline.before(started) : started;
  return isPure && answer instanceof Result ? answer : undefined;
}

/** What takes longer is left to itself. */
class Deadline {
  readonly #endMs: number;

  constructor(ms: number) {
    this.#endMs = performance.now() + ms;
  }

  get isOver(): boolean {
    return performance.now() > this.#endMs;
  }

  /** @returns undefined when it takes until then. @throws what it throws before */
  async before<T>(work: Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => { timer = setTimeout(resolve, Math.max(0, this.#endMs - performance.now()), undefined); });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
