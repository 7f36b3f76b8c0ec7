/** Claims units for workers elsewhere and brings each up to the handler's call, as for handlers of this process. */

import { randomUUID } from "node:crypto";
import { writeClaimId, type RemoteClaim } from "../../engine/claimId.js";
import { HandedOver, type Handler, type HandlerContext } from "../../engine/handlers.js";
import type { Claim, Outcome } from "../../engine/ports.js";
import type { LaneBook } from "../../engine/LaneBook.js";
import { laneOf } from "../../engine/TaskGroup.js";
import { shuffled } from "../../engine/shuffled.js";
import type { ClaimedTask } from "../../engine/WorkerProtocol.js";
import { LiveUnit } from "../LiveUnit.js";
import { UnitRunner, type UnitRunnerServices } from "../UnitRunner.js";
import type { ClaimWish } from "./claimInput.js";
import type { OutcomeSender } from "./OutcomeSender.js";

export type RemoteClaimsServices = Omit<UnitRunnerServices, "handlers" | "report"> & { sender: OutcomeSender; lanes: LaneBook };

/** A claim that a worker was told of. */
export interface Offer { task: ClaimedTask; claim: RemoteClaim }

export class RemoteClaims {
  constructor(private readonly services: RemoteClaimsServices) {}

  /** Up to `want` tasks that can run now; none when there are none. */
  async take(wish: ClaimWish, want: number): Promise<Offer[]> {
    const { store } = this.services;
    const offers: Offer[] = [];
    for (const shard of shuffled(Array.from({ length: store.shards }, (_, i) => i))) {
      if (offers.length < want) await this.#takeFrom(shard, wish, want, shuffled(wish.handlers), offers);
    }
    return offers;
  }

  /** Asks on while units end before they come to a handler: skipped by their condition, or failed by their templates. */
  async #takeFrom(shard: number, wish: ClaimWish, want: number, handlers: readonly string[], offers: Offer[]): Promise<void> {
    const { store, sender } = this.services;
    const lanes = this.services.lanes.serve(shard, handlers, wish.queues).map((handler) => ({ handler, itemsPerSlot: 1 }));
    for (let asked = want - offers.length; asked > 0; asked = want - offers.length) {
      const request = { worker: wish.worker, request: randomUUID(), want: asked, lanes };
      const { nowMs, claims } = await store.claimSeparately(shard, request, wish.leaseMs);
      const outcomes: Outcome[] = [];
      const made = await Promise.all(claims.map((claim) => this.#prepare(claim, nowMs, wish.leaseMs, outcomes)));
      await sender.send(outcomes);
      offers.push(...made.flatMap((offer) => offer ?? []));
      if (claims.length < asked) return;
    }
  }

  /** Gives units back that nobody works on; those that are no longer claimed so stay as they are. */
  async handBack(claims: readonly RemoteClaim[]): Promise<void> {
    const outcomes = await Promise.all(claims.map(async ({ ref }): Promise<Outcome[]> => {
      const node = (await this.services.reader.planOf(ref.workflowId))?.nodes[ref.node];
      return node ? [{ kind: "requeue", ref, lane: laneOf(node, ref.unit === "-" ? "PLAIN" : "ITEMS"), lost: false }] : [];
    }));
    await this.services.sender.send(outcomes.flat());
  }

  /** @returns undefined when the unit ended without a call: then `outcomes` says how */
  async #prepare(claim: Claim, nowMs: number, leaseMs: number, outcomes: Outcome[]): Promise<Offer | undefined> {
    const calls: { handler: string; context: HandlerContext }[] = [];
    const unit = new LiveUnit(claim, 1);
    const own: Outcome[] = [];
    const runner = new UnitRunner({
      ...this.services,
      handlers: { get: (name) => handOver(name, (context) => calls.push({ handler: name, context })) },
      report: (_unit, outcome) => { own.push(outcome); },
    });
    await runner.run(unit);
    outcomes.push(...own);
    const [call] = calls;
    if (!call) return undefined;
    const remote: RemoteClaim = { ref: unit.ref, leaseMs, ...this.#placeOf(claim, own) };
    const { handler, context: { input, workflowId, task, attempt, idempotencyKey } } = call;
    return { claim: remote, task: { claim: writeClaimId(remote), handler, input, workflowId, task, attempt, idempotencyKey, leaseUntilMs: nowMs + leaseMs } };
  }

  /** Of an expanded task: the item to run, or the items of the batch, less those that have failed on the way. */
  #placeOf(claim: Claim, outcomes: readonly Outcome[]): Pick<RemoteClaim, "item" | "batch"> {
    if (claim.phase !== "ITEMS") return {};
    const node = this.services.reader.cachedPlan(claim.definitionHash)?.nodes[claim.node];
    if (node?.expansion?.batchSize === undefined) return { item: openItem(claim) };
    const failed = new Set(outcomes.flatMap((outcome) => (outcome.kind === "items" ? outcome.pieces.map(({ offset }) => offset) : [])));
    const mine = claim.unit.startsWith("r") ? "." : "r";
    const offsets = [...claim.statuses].flatMap((letter, i) => (letter === mine && !failed.has(claim.offset + i) ? [claim.offset + i] : []));
    return { batch: { first: claim.firstItem - claim.offset, offsets } };
  }
}

/** Stands for a handler that a remote worker has. */
function handOver(name: string, onCall: (context: HandlerContext) => void): Handler {
  return {
    name, description: "", builtIn: false,
    run(context) {
      onCall(context);
      return new HandedOver();
    },
  };
}

/** The one item that the unit has still to run. */
function openItem(claim: Claim): { index: number; offset: number } {
  const at = claim.statuses.indexOf(claim.unit.startsWith("r") ? "." : "r");
  return { index: claim.firstItem + at, offset: claim.offset + at };
}
