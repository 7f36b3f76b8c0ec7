/** A worker played by the test itself: claims and outcomes go straight to the store, so that the test decides when and whether. */

import type { Claim, ClaimRequest, UnitRef } from "../../src/engine/ports.js";
import { PLAN_LANE } from "../../src/engine/TaskGroup.js";
import type { FanwireNode } from "../../src/main.js";
import { RedisStore } from "../../src/store/RedisStore.js";
import { waitFor } from "../support/waitFor.js";

export const LANES: ClaimRequest["lanes"] = [PLAN_LANE, "slow", "log", "transform", "delay", "fail"].map((handler) => ({ handler, itemsPerSlot: 1 }));

export class StoreClient {
  readonly store: RedisStore;
  #requests = 0;

  constructor(node: FanwireNode, readonly worker: string, keyPrefix: string, leaseMs: number) {
    this.store = new RedisStore({ redis: node.redis, keyPrefix, shards: 1, leaseMs, retentionMs: 3_600_000 });
  }

  request(want: number): ClaimRequest {
    return { worker: this.worker, request: `0.${++this.#requests}`, want, lanes: want > 0 ? LANES : [] };
  }

  /** Waits until something can be claimed. */
  async claim(want = 100): Promise<Claim[]> {
    return waitFor(async () => {
      const claims = await this.store.claimTasks(0, this.request(want));
      return claims.length > 0 ? claims : undefined;
    }, { what: `${this.worker} to get a claim` });
  }

  async claimOne(): Promise<Claim> {
    return (await this.claim(1))[0] as Claim;
  }
}

export function refOf({ workflowId, node, unit, attempt, token }: Claim): UnitRef {
  return { workflowId, node, unit, attempt, token };
}
