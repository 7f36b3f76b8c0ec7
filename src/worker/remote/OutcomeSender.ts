/** Records outcomes that this process sends for others, shard by shard. */

import { randomBytes } from "node:crypto";
import type { ClaimRequest, Outcome, OutcomeCode, WorkflowStore } from "../../engine/ports.js";

/** More per call buys nothing, and keeps Redis longer from others. */
const MAX_OUTCOMES = 200;

export class OutcomeSender {
  /** Scripts know a repeated report of progress by process, slot and number. */
  readonly #id = `p${process.pid}-${randomBytes(4).toString("hex")}`;
  readonly #freeSlots: number[] = [];
  #slots = 0;
  #requests = 0;

  constructor(private readonly store: WorkflowStore) {}

  /** @returns what became of each, in their order. @throws FanwireError UNAVAILABLE: some may have been recorded, and all may be sent again */
  async send(outcomes: readonly Outcome[]): Promise<OutcomeCode[]> {
    const codes: OutcomeCode[] = [];
    const shards = new Map<number, number[]>();
    outcomes.forEach(({ ref }, i) => {
      const shard = shardOfId(ref.workflowId);
      shards.set(shard, [...(shards.get(shard) ?? []), i]);
    });
    await Promise.all([...shards].map(async ([shard, positions]) => {
      for (let from = 0; from < positions.length; from += MAX_OUTCOMES) {
        const part = positions.slice(from, from + MAX_OUTCOMES);
        (await this.#sendTo(shard, part.map((i) => outcomes[i] as Outcome))).forEach((code, i) => { codes[part[i] as number] = code; });
      }
    }));
    return codes;
  }

  async #sendTo(shard: number, outcomes: Outcome[]): Promise<OutcomeCode[]> {
    const slot = this.#freeSlots.pop() ?? this.#slots++;
    try {
      const request: ClaimRequest = { worker: this.#id, request: `${slot}.${++this.#requests}`, want: 0, lanes: [] };
      return (await this.store.completeTasks(shard, request, outcomes)).codes;
    } finally {
      this.#freeSlots.push(slot);
    }
  }
}

export function shardOfId(workflowId: string): number {
  return Number(workflowId.slice(1, workflowId.indexOf("-")));
}
