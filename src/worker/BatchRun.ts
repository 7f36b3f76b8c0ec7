/** Runs the items of one claimed unit as a batch: one call of the handler with the list of their inputs, an outcome for each. */

import { FanwireError } from "../errors.js";
import { HandedOver, type Handler } from "../engine/handlers.js";
import type { ItemPiece } from "../engine/ports.js";
import { toTaskError } from "../engine/Settlement.js";
import { laneOf } from "../engine/TaskGroup.js";
import type { Scope } from "../workflow/expressions/types.js";
import { itemScope } from "../workflow/itemScope.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import type { PlanNode } from "../workflow/plan.js";
import { checkResult } from "../workflow/resultCheck.js";
import { slotsOf, slotText } from "./batchResults.js";
import { HandlerCall, type Answer } from "./HandlerCall.js";
import type { LiveUnit } from "./LiveUnit.js";
import { joinPieces } from "./RangeRun.js";
import { redactorOf, renderInput } from "./renderInput.js";
import { silenceOf } from "./silence.js";
import type { UnitRunnerServices } from "./UnitRunner.js";

/** An item of the batch. `offset`: in its chunk. */
interface BatchItem { offset: number; identifier: string; scope: Scope; input: JsonValue }

export class BatchRun {
  constructor(private readonly services: UnitRunnerServices, private readonly unit: LiveUnit, private readonly node: PlanNode) {}

  /** Resolves when every item has been reported, or handed over together. */
  async run(parent: Scope): Promise<void> {
    const { items, failed } = await this.#render(parent);
    // Before the call: items whose templates failed are no part of the batch, whoever runs it.
    this.#report(failed);
    if (items.length === 0) return;
    try {
      const answer = await this.#call(items);
      if (answer instanceof HandedOver) return;
      if ("laterMs" in answer) throw new FanwireError("RESULT_INVALID", `A batch of ${this.unit.address} cannot wait for a time or a signal; leave batchSize out`, { retryable: false });
      const slots = slotsOf(this.node, answer.value, items.length);
      this.#report(await Promise.all(items.map((item, i) => this.#settle(item, slots[i] as JsonValue))));
    } catch (error) {
      this.#report(items.map((item) => this.#failed(item, error)));
    }
  }

  async #render(parent: Scope): Promise<{ items: BatchItem[]; failed: ItemPiece[] }> {
    const { claim } = this.unit;
    const chunk = JSON.parse(claim.variables) as [string, JsonObject][];
    const mine = claim.unit.startsWith("r") ? "." : "r";
    const items: BatchItem[] = [];
    const failed: ItemPiece[] = [];
    for (let i = 0; i < claim.itemCount; i++) {
      if (claim.statuses[i] !== mine) continue;
      const offset = claim.offset + i;
      const [identifier, variables] = chunk[offset] as [string, JsonObject];
      const scope = itemScope(parent, { variables }, claim.firstItem + i);
      try {
        const input = renderInput(this.node, scope, this.services.secrets);
        items.push({ offset, identifier, scope, input: input instanceof Promise ? await input : input });
      } catch (error) {
        failed.push(this.#failed({ offset, identifier }, error));
      }
    }
    return { items, failed };
  }

  async #call(items: readonly BatchItem[]): Promise<Answer> {
    const { services, unit, node } = this;
    const handler: Handler | undefined = services.handlers.get(node.task.handler);
    if (!handler) throw new FanwireError("UNKNOWN_HANDLER", `This worker has no handler ${node.task.handler}`);
    const task = batchAddress(unit.address, items.map(({ identifier }) => identifier));
    const call = new HandlerCall(handler, items.map(({ input }) => input), {
      workflowId: unit.claim.workflowId, task, attempt: unit.claim.attempt, round: unit.round, timeoutMs: node.task.timeoutMs, ...silenceOf(node, task),
      redactor: redactorOf(node, services.secrets),
      onAlive: () => services.report(unit, { kind: "alive", ref: unit.ref }),
      onProgress: (progress) => services.report(unit, { kind: "progress", ref: unit.ref, text: JSON.stringify(progress) }),
      onLog: (message, data) => services.log.info({ workflowId: unit.claim.workflowId, task, data }, message),
      startChild: () => Promise.reject(new FanwireError("RESULT_INVALID", `${task} is a batch, for which no sub-workflow can be run`, { retryable: false })),
    });
    unit.attach(call);
    try {
      return await call.run();
    } finally {
      unit.detach(call);
    }
  }

  async #settle(item: BatchItem, slot: JsonValue): Promise<ItemPiece> {
    try {
      const text = await slotText(this.node, slot, () => checkResult(this.node, item.scope, slot));
      return { letter: "C", offset: item.offset, count: 1, text };
    } catch (error) {
      return this.#failed(item, error);
    }
  }

  #failed({ offset, identifier }: Pick<BatchItem, "offset" | "identifier">, error: unknown): ItemPiece {
    const { attempt, base = 0 } = this.unit.claim;
    return this.services.settlement.failItem(this.node, offset, attempt - base, toTaskError(error, `${this.unit.address}[${identifier}]`));
  }

  #report(pieces: readonly ItemPiece[]): void {
    if (pieces.length === 0) return;
    this.services.report(this.unit, { kind: "items", ref: this.unit.ref, lane: laneOf(this.node, "ITEMS"), planLane: laneOf(this.node, "COLLECT"), pieces: joinPieces(pieces) });
  }
}

/** Of one item its own address; of several that of the first to the last: group.task[first..last]. */
export function batchAddress(task: string, identifiers: readonly string[]): string {
  const [first] = identifiers;
  return identifiers.length === 1 ? `${task}[${first}]` : `${task}[${first}..${identifiers.at(-1)}]`;
}
