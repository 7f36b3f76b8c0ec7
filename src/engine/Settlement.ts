/** Turns what happened to an attempt into the outcome to record: completed, retried, failed, ignored, fallen back, skipped. */

import { FanwireError } from "../errors.js";
import { compiledTask } from "../workflow/compiledTask.js";
import type { TaskError } from "../workflow/events.js";
import { decideFailure } from "../workflow/failure.js";
import type { JsonValue } from "../workflow/json.js";
import { MAX_CONTEXT_VALUE_BYTES } from "../workflow/limits.js";
import { resultFields } from "../workflow/outputs.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import type { ContextReader } from "./ContextReader.js";
import type { DoneOutcome, ItemPiece, Outcome, UnitRef } from "./ports.js";
import { readableKeys, TaskScope } from "./TaskScope.js";
import { TaskGroup } from "./TaskGroup.js";

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
  return text.length * 3 > MAX_CONTEXT_VALUE_BYTES && Buffer.byteLength(text) > MAX_CONTEXT_VALUE_BYTES;
}

function tooLarge(node: PlanNode, key: string): FanwireError {
  return new FanwireError("RESULT_TOO_LARGE", `The value of ${key} from ${node.address} is larger than 1 MiB`);
}

export class Settlement {
  constructor(private readonly contexts: ContextReader, private readonly random: () => number = Math.random) {}

  /** @throws FanwireError RESULT_INVALID, RESULT_TOO_LARGE: then the attempt has failed instead */
  complete(plan: Plan, node: PlanNode, ref: UnitRef, result: JsonValue, error?: TaskError): DoneOutcome {
    const fields = resultFields(node, result);
    if ("error" in fields) throw fields.error;
    const writes: string[] = [];
    for (const [key, value] of fields.writes) {
      const text = JSON.stringify(value);
      if (isTooLarge(text)) throw tooLarge(node, key);
      writes.push(key, text);
    }
    const whole = fields.writes.length === 1 && fields.writes[0]?.[1] === result;
    const written = new Set(fields.writes.map(([key]) => key));
    const text = whole ? undefined : JSON.stringify(result);
    if (text !== undefined && isTooLarge(text)) throw tooLarge(node, "the result");
    return this.#done(node, ref, "COMPLETED", {
      writes,
      route: TaskGroup.route(plan, node, "COMPLETED", node.optionalKeys.filter((key) => !written.has(key))),
      ...(text === undefined ? {} : { result: text }),
      ...(error === undefined ? {} : { error: JSON.stringify(error) }),
    });
  }

  /** An expanded task whose one key is a view over its items: nothing is copied. */
  completeAsView(plan: Plan, node: PlanNode, ref: UnitRef): DoneOutcome {
    const writes = node.keys.flatMap((key) => [key, `@${node.index}`]);
    return this.#done(node, ref, "COMPLETED", { writes, route: TaskGroup.route(plan, node, "COMPLETED") });
  }

  skip(plan: Plan, node: PlanNode, ref: UnitRef): DoneOutcome {
    return this.#done(node, ref, "SKIPPED", { error: "C", route: TaskGroup.route(plan, node, "CONDITION") });
  }

  async fail(plan: Plan, node: PlanNode, ref: UnitRef, error: TaskError): Promise<Outcome> {
    const decision = decideFailure(node.task, error, ref.attempt, this.random);
    switch (decision.kind) {
      case "RETRY":
        return { kind: "retry", ref, delayMs: decision.delayMs, error: JSON.stringify(error) };
      case "IGNORE":
        return this.#failed(plan, node, ref, error, false);
      case "FAIL":
        return this.#failed(plan, node, ref, error, true);
      case "FALLBACK":
        try {
          return this.complete(plan, node, ref, await this.#fallback(plan, node, ref, error), error);
        } catch (second) {
          return this.#failed(plan, node, ref, toTaskError(second, node.address), true);
        }
    }
  }

  /** An item's failed attempt: another one after a delay, or its end. @param offset of the item in its chunk */
  failItem(node: PlanNode, offset: number, attempt: number, error: TaskError): ItemPiece {
    const decision = decideFailure(node.task, error, attempt, this.random);
    const text = JSON.stringify(error);
    return decision.kind === "RETRY" ? { letter: "Y", offset, count: decision.delayMs, text } : { letter: "F", offset, count: 1, text };
  }

  async #fallback(plan: Plan, node: PlanNode, ref: UnitRef, error: TaskError): Promise<JsonValue> {
    const values = await this.contexts.load(ref.workflowId, plan, readableKeys(node));
    const scope = new TaskScope(values, node, { workflowId: ref.workflowId, workflowName: plan.definition.name, attempt: ref.attempt, error });
    return (compiledTask(node).fallback as NonNullable<ReturnType<typeof compiledTask>["fallback"]>).render(scope);
  }

  #failed(plan: Plan, node: PlanNode, ref: UnitRef, error: TaskError, failsWorkflow: boolean): DoneOutcome {
    return this.#done(node, ref, error.code === "TIMEOUT" ? "TIMED_OUT" : "FAILED", {
      error: JSON.stringify(error),
      failsWorkflow,
      cancelsRest: failsWorkflow && plan.definition.onFailure === "FAIL_FAST",
      route: TaskGroup.route(plan, node, failsWorkflow ? "FAILED" : "IGNORED"),
    });
  }

  #done(node: PlanNode, ref: UnitRef, status: DoneOutcome["status"], more: Partial<DoneOutcome> & { route: string }): DoneOutcome {
    return { kind: "done", ref, status, failsWorkflow: false, cancelsRest: false, group: node.group, writes: [], ...more };
  }
}
