/** Turns what happened to an attempt into the outcome to record: completed, retried, failed, ignored, fallen back, skipped. */

import { FanwireError } from "../errors.js";
import { addressIn } from "../workflow/addresses.js";
import { compiledTask } from "../workflow/compiledTask.js";
import type { TaskError } from "../workflow/events.js";
import { decideFailure } from "../workflow/failure.js";
import { itemScope } from "../workflow/itemScope.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import { formatBytes, LIMITS } from "../workflow/limits.js";
import { resultFields } from "../workflow/outputs.js";
import type { Plan, PlanNode, ReducedKey } from "../workflow/plan.js";
import { misfitOf } from "../workflow/reducers.js";
import { checkResult, hasResultCheck } from "../workflow/resultCheck.js";
import type { ContextReader } from "./ContextReader.js";
import { placeOf } from "./Place.js";
import type { DoneOutcome, ItemPiece, Outcome, UnitRef } from "./ports.js";
import { readableKeys, TaskScope } from "./TaskScope.js";
import { policyAround, TaskGroup } from "./TaskGroup.js";

/** An error as a fallback sees it: which item failed first, when the others were cancelled then, depends on timing. */
function timeless({ details, ...error }: TaskError): TaskError {
  return error.code === "TOLERANCE_EXCEEDED" || details === undefined ? error : { ...error, details };
}

/** A failure as data; errors without a code of their own are HANDLER_ERROR. */
export function toTaskError(error: unknown, task: string): TaskError {
  if (error instanceof FanwireError) {
    const details = error.details as JsonValue | undefined;
    return { code: error.code, message: error.message, retryable: error.retryable, task, ...(details === undefined ? {} : { details }) };
  }
  return { code: "HANDLER_ERROR", message: error instanceof Error ? error.message : String(error), retryable: true, task };
}

export function isTooLarge(text: string): boolean {
  // A UTF-16 unit takes at most three bytes of UTF-8.
  return text.length * 3 > LIMITS.contextValueBytes && Buffer.byteLength(text) > LIMITS.contextValueBytes;
}

function tooLarge(node: PlanNode, key: string): FanwireError {
  return new FanwireError("RESULT_TOO_LARGE", `The value of ${key} from ${node.address} is larger than ${formatBytes(LIMITS.contextValueBytes)}`);
}

/** A result as JSON text and, for tasks with several keys, as a value. */
export interface ResultText {
  readonly text: string;
  readonly value: JsonValue;
}

/** Whether the task has one context key, which takes its whole result. */
export function writesOne(node: PlanNode): boolean {
  return node.keys.length === 1 && node.optionalKeys.length === 0;
}

/** Whether the task's one context key holds its whole result: then nothing is kept beside it. */
export function writesWhole(node: PlanNode): boolean {
  return writesOne(node) && node.reducedKeys.length === 0;
}

/** The reducer of a key in the scope that a task writes it in. */
export function reducedKey(plan: Plan, node: PlanNode, key: string): ReducedKey | undefined {
  return plan.scopes.get(node.scope)?.reduced.get(key);
}

/** The task that writes a key in the nearest scope outward. */
function writerAround(plan: Plan, node: PlanNode, key: string): number | undefined {
  for (let scope = plan.scopes.get(node.scope); scope; scope = scope.parent) {
    const writer = scope.writerOf.get(key);
    if (writer) return writer.index;
  }
  return undefined;
}

export class Settlement {
  constructor(private readonly contexts: ContextReader, private readonly random: () => number = Math.random) {}

  /** @throws FanwireError RESULT_INVALID, RESULT_TOO_LARGE: then the attempt has failed instead */
  complete(plan: Plan, node: PlanNode, ref: UnitRef, result: ResultText, error?: TaskError): DoneOutcome {
    if (isTooLarge(result.text)) throw tooLarge(node, node.keys[0] ?? "the result");
    const failure = error === undefined ? {} : { error: JSON.stringify(error) };
    if (writesWhole(node)) {
      return this.#done(node, ref, "COMPLETED", { writes: [node.keys[0] as string, result.text], route: TaskGroup.route(plan, node, "COMPLETED"), ...failure });
    }
    const fields = resultFields(node, result.value);
    if ("error" in fields) throw fields.error;
    for (const [key, value] of fields.writes) this.checkPart(plan, node, key, value);
    const reduced = new Set(node.reducedKeys);
    const present = new Set([...reduced, ...fields.writes.map(([key]) => key)]);
    return this.#done(node, ref, "COMPLETED", {
      writes: fields.writes.flatMap(([key, value]) => [key, reduced.has(key) ? "" : JSON.stringify(value)]),
      route: TaskGroup.route(plan, node, "COMPLETED", node.optionalKeys.filter((key) => !present.has(key))),
      result: result.text,
      ...failure,
    });
  }

  /** An expanded task whose one key is a view over its items: nothing is copied. */
  completeAsView(plan: Plan, node: PlanNode, ref: UnitRef): DoneOutcome {
    const writes = node.keys.flatMap((key) => [key, node.reducedKeys.includes(key) ? "" : `@${node.index}`]);
    return this.#done(node, ref, "COMPLETED", { writes, route: TaskGroup.route(plan, node, "COMPLETED") });
  }

  skip(plan: Plan, node: PlanNode, ref: UnitRef): DoneOutcome {
    return this.#done(node, ref, "SKIPPED", { error: "C", route: TaskGroup.route(plan, node, "CONDITION") });
  }

  /** A task that has waited for all writers of a key that it cannot do without, none of which delivered anything. */
  skipMissing(plan: Plan, node: PlanNode, ref: UnitRef, key: string): DoneOutcome {
    const cause = reducedKey(plan, node, key)?.writers[0] ?? writerAround(plan, node, key) ?? node.index;
    return this.#done(node, ref, "SKIPPED", { error: `U${cause}`, route: TaskGroup.route(plan, node, "MISSING") });
  }

  /**
   * Holds a result that was recorded earlier, or elsewhere, against the task's `resultSchema` and `validate`.
   * @param item whose result it is; absent: the task's own
   * @throws FanwireError RESULT_INVALID, EXPRESSION_ERROR, EXPRESSION_LIMIT
   */
  async validate(plan: Plan, node: PlanNode, ref: UnitRef, value: JsonValue, item?: { index: number; variables: JsonObject }): Promise<void> {
    if (!hasResultCheck(node)) return;
    const values = await this.contexts.load(placeOf(plan, node, ref), readableKeys(node));
    const scope = new TaskScope(values, node, { workflowId: ref.workflowId, workflowName: plan.definition.name, attempt: ref.attempt });
    await checkResult(node, item ? itemScope(scope, item, item.index) : scope, value);
  }

  /** @throws FanwireError RESULT_INVALID when the key has a reducer that cannot take the value */
  checkPart(plan: Plan, node: PlanNode, key: string, value: JsonValue): void {
    const reducer = reducedKey(plan, node, key)?.reducer;
    const misfit = reducer && misfitOf(reducer, value);
    if (misfit) throw new FanwireError("RESULT_INVALID", `${node.address} gives ${misfit} for ${key}, whose reducer is ${reducer}`);
  }

  async fail(plan: Plan, node: PlanNode, ref: UnitRef, error: TaskError): Promise<Outcome> {
    const decision = decideFailure(node.task, error, ref.attempt - (ref.base ?? 0), this.random);
    switch (decision.kind) {
      case "RETRY":
        return { kind: "retry", ref, delayMs: decision.delayMs, error: JSON.stringify(error) };
      case "IGNORE":
        return this.#failed(plan, node, ref, error, false);
      case "FAIL":
        return this.#failed(plan, node, ref, error, true);
      case "FALLBACK":
        try {
          const value = await this.#fallback(plan, node, ref, error);
          return this.complete(plan, node, ref, { text: JSON.stringify(value), value }, error);
        } catch (second) {
          return this.#failed(plan, node, ref, toTaskError(second, addressIn(plan, node.address, ref.path)), true);
        }
    }
  }

  /** An item's failed attempt: another one after a delay, or its end. @param offset of the item in its chunk @param attempt since the workflow was last opened */
  failItem(node: PlanNode, offset: number, attempt: number, error: TaskError): ItemPiece {
    const decision = decideFailure(node.task, error, attempt, this.random);
    const text = JSON.stringify(error);
    return decision.kind === "RETRY" ? { letter: "Y", offset, count: decision.delayMs, text } : { letter: "F", offset, count: 1, text };
  }

  async #fallback(plan: Plan, node: PlanNode, ref: UnitRef, error: TaskError): Promise<JsonValue> {
    const values = await this.contexts.load(placeOf(plan, node, ref), readableKeys(node));
    const scope = new TaskScope(values, node, { workflowId: ref.workflowId, workflowName: plan.definition.name, attempt: ref.attempt, error: timeless(error) });
    return (compiledTask(node).fallback as NonNullable<ReturnType<typeof compiledTask>["fallback"]>).render(scope);
  }

  #failed(plan: Plan, node: PlanNode, ref: UnitRef, error: TaskError, failsWorkflow: boolean): DoneOutcome {
    const { policy, by } = policyAround(plan, node);
    const failsFast = failsWorkflow && policy === "FAIL_FAST";
    return this.#done(node, ref, error.code === "TIMEOUT" ? "TIMED_OUT" : "FAILED", {
      error: JSON.stringify(error),
      failsWorkflow,
      cancelsRest: failsFast && by === undefined,
      ...(failsFast && by !== undefined ? { cuts: TaskGroup.cuts(plan, by) } : {}),
      route: TaskGroup.route(plan, node, failsWorkflow ? "FAILED" : "IGNORED"),
    });
  }

  #done(node: PlanNode, ref: UnitRef, status: DoneOutcome["status"], more: Partial<DoneOutcome> & { route: string }): DoneOutcome {
    return { kind: "done", ref, status, failsWorkflow: false, cancelsRest: false, group: node.groupChain, writes: [], ...more };
  }
}
