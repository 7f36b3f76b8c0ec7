/** What becomes of a unit that no worker runs: a wait that is over, an answer that came, a time that is up. */

import { FanwireError } from "../errors.js";
import type { TaskError } from "../workflow/events.js";
import type { JsonValue } from "../workflow/json.js";
import { invalidItemResult } from "../workflow/outputs.js";
import type { Plan, PlanNode } from "../workflow/plan.js";
import { hasResultCheck } from "../workflow/resultCheck.js";
import type { Outcome, UnitRef, WorkflowReader } from "./ports.js";
import { isTooLarge, toTaskError, type Settlement } from "./Settlement.js";
import { addressOf } from "./addressOf.js";
import { nodeKey } from "./nodeKey.js";
import { laneOf } from "./TaskGroup.js";
import { formatBytes, LIMITS } from "../workflow/limits.js";

export class UnitOutcomes {
  constructor(private readonly settlement: Settlement, private readonly reader: WorkflowReader) {}

  /** @param result its text is made of the value, or the other way round */
  async complete(plan: Plan, node: PlanNode, ref: UnitRef, result: { text: string; value: JsonValue }): Promise<Outcome[]> {
    if (ref.unit === "-") {
      try {
        await this.settlement.validate(plan, node, ref, result.value);
        return [this.settlement.complete(plan, node, ref, result)];
      } catch (error) {
        if (!(error instanceof FanwireError)) throw error;
        return this.fail(plan, node, ref, toTaskError(error, await addressOf(this.reader, plan, node, ref)));
      }
    }
    const invalid = (await this.#refusal(plan, node, ref, result.value)) ?? invalidItemResult(node, result.value) ?? (isTooLarge(result.text) ? tooLarge(node) : undefined);
    if (invalid) return this.fail(plan, node, ref, toTaskError(invalid, await addressOf(this.reader, plan, node, ref)));
    const open = await this.reader.openItems(ref.workflowId, nodeKey(node.index, ref.path), ref.unit);
    const pieces = open.map(({ offset }) => ({ letter: "C" as const, offset, count: 1, text: `[${result.text}]` }));
    return [{ kind: "items", ref, lane: laneOf(node, "ITEMS"), planLane: laneOf(node, "COLLECT"), pieces }];
  }

  /** Why the schema or the condition of an item's task refuses its result, if one does. */
  async #refusal(plan: Plan, node: PlanNode, ref: UnitRef, value: JsonValue): Promise<FanwireError | undefined> {
    if (!hasResultCheck(node)) return undefined;
    const [item] = await this.reader.itemPage(ref.workflowId, nodeKey(node.index, ref.path), Number(ref.unit), 1);
    try {
      await this.settlement.validate(plan, node, ref, value, item);
      return undefined;
    } catch (error) {
      if (error instanceof FanwireError) return error;
      throw error;
    }
  }

  /** Another attempt, or its end, as the task's policies say. */
  async fail(plan: Plan, node: PlanNode, ref: UnitRef, error: TaskError): Promise<Outcome[]> {
    if (ref.unit === "-") return [await this.settlement.fail(plan, node, ref, error)];
    const open = await this.reader.openItems(ref.workflowId, nodeKey(node.index, ref.path), ref.unit);
    const pieces = open.map(({ offset }) => this.settlement.failItem(node, offset, ref.attempt - (ref.base ?? 0), error));
    return pieces.length === 0 ? [] : [{ kind: "items", ref, lane: laneOf(node, "ITEMS"), planLane: laneOf(node, "COLLECT"), pieces }];
  }

  /** Completes with what `make` gives, or fails with what it throws. */
  async settle(plan: Plan, node: PlanNode, ref: UnitRef, make: () => JsonValue): Promise<Outcome[]> {
    let value: JsonValue;
    try {
      value = make();
    } catch (error) {
      return this.fail(plan, node, ref, toTaskError(error, await addressOf(this.reader, plan, node, ref)));
    }
    return this.complete(plan, node, ref, { text: JSON.stringify(value), value });
  }
}

function tooLarge(node: PlanNode): FanwireError {
  return new FanwireError("RESULT_TOO_LARGE", `The result of an item of ${node.address} is larger than ${formatBytes(LIMITS.contextValueBytes)}`);
}
