/** What becomes of a batch that a remote worker has completed or failed: a piece for each of its items. */

import { FanwireError } from "../../errors.js";
import { addressOf } from "../../engine/addressOf.js";
import type { BatchPlace, RemoteClaim } from "../../engine/claimId.js";
import { nodeKey } from "../../engine/nodeKey.js";
import type { ItemPiece, ItemRow, Outcome, WorkflowReader } from "../../engine/ports.js";
import { toTaskError, type Settlement } from "../../engine/Settlement.js";
import { laneOf } from "../../engine/TaskGroup.js";
import type { TaskError } from "../../workflow/events.js";
import type { JsonValue } from "../../workflow/json.js";
import type { Plan, PlanNode } from "../../workflow/plan.js";
import { batchAddress } from "../BatchRun.js";
import { slotsOf, slotText } from "../batchResults.js";
import { joinPieces } from "../RangeRun.js";

export interface ClaimedBatch { claim: RemoteClaim; batch: BatchPlace; plan: Plan; node: PlanNode }

/** `invalid`: why the whole list was refused. `invalidSlots`: positions in it whose results were, other than by the worker itself. */
export interface BatchCompletion { outcome: Outcome; invalid?: TaskError; invalidSlots?: { at: number; error: TaskError }[] }

export class BatchOutcomes {
  constructor(private readonly services: { reader: WorkflowReader; settlement: Settlement }) {}

  async complete(of: ClaimedBatch, value: JsonValue): Promise<BatchCompletion> {
    const { node, batch: { offsets } } = of;
    let slots: JsonValue[];
    try {
      slots = slotsOf(node, value, offsets.length);
    } catch (error) {
      const invalid = toTaskError(error, await this.addressOf(of));
      return { outcome: await this.fail(of, invalid), invalid };
    }
    const rows = await this.#rows(of);
    const invalidSlots: { at: number; error: TaskError }[] = [];
    const pieces = await Promise.all(offsets.map((offset, at) => this.#piece(of, offset, rows.get(offset), slots[at] as JsonValue, (error) => invalidSlots.push({ at, error }))));
    return { outcome: outcomeOf(of, pieces), ...(invalidSlots.length === 0 ? {} : { invalidSlots: invalidSlots.sort((a, b) => a.at - b.at) }) };
  }

  /** Fails each of its items. */
  async fail(of: ClaimedBatch, error: TaskError): Promise<Outcome> {
    const rows = await this.#rows(of);
    const task = await this.#taskOf(of);
    return outcomeOf(of, of.batch.offsets.map((offset) => this.#failed(of, offset, { ...error, task: itemAddress(task, of, offset, rows.get(offset)) })));
  }

  /** group.task[first..last] */
  async addressOf(of: ClaimedBatch): Promise<string> {
    const rows = await this.#rows(of);
    return batchAddress(await this.#taskOf(of), of.batch.offsets.map((offset) => rows.get(offset)?.identifier ?? String(of.batch.first + offset)));
  }

  #taskOf({ claim: { ref }, plan, node }: ClaimedBatch): Promise<string> {
    return addressOf(this.services.reader, plan, node, ref);
  }

  async #piece(of: ClaimedBatch, offset: number, row: ItemRow | undefined, slot: JsonValue, onInvalid: (error: TaskError) => void): Promise<ItemPiece> {
    const { claim: { ref }, plan, node } = of;
    let checked = false;
    try {
      const text = await slotText(node, slot, async () => {
        checked = true;
        await this.services.settlement.validate(plan, node, ref, slot, row);
      });
      return { letter: "C", offset, count: 1, text };
    } catch (error) {
      if (!(error instanceof FanwireError)) throw error;
      const failure = toTaskError(error, itemAddress(await this.#taskOf(of), of, offset, row));
      // Before the check only the worker's own word fails an item.
      if (checked) onInvalid(failure);
      return this.#failed(of, offset, failure);
    }
  }

  #failed({ claim: { ref }, node }: ClaimedBatch, offset: number, error: TaskError): ItemPiece {
    return this.services.settlement.failItem(node, offset, ref.attempt - (ref.base ?? 0), error);
  }

  /** The batch's items by their offsets. */
  async #rows({ claim: { ref }, node, batch: { first, offsets } }: ClaimedBatch): Promise<Map<number, ItemRow>> {
    const [from = 0] = offsets;
    const rows = await this.services.reader.itemPage(ref.workflowId, nodeKey(node.index, ref.path), first + from, (offsets.at(-1) ?? 0) - from + 1);
    return new Map(rows.map((row) => [row.index - first, row]));
  }
}

function outcomeOf({ claim: { ref }, node }: ClaimedBatch, pieces: readonly ItemPiece[]): Outcome {
  return { kind: "items", ref, lane: laneOf(node, "ITEMS"), planLane: laneOf(node, "COLLECT"), pieces: joinPieces(pieces) };
}

function itemAddress(task: string, { batch }: ClaimedBatch, offset: number, row: ItemRow | undefined): string {
  return `${task}[${row?.identifier ?? batch.first + offset}]`;
}
