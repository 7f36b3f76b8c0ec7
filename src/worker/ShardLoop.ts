/** Moves outcomes out and claims in, one script call for both: a shard's traffic of one worker. */

import { FanwireError } from "../errors.js";
import type { Claim, ClaimRequest, Outcome, OutcomeCode, WorkflowStore } from "../engine/ports.js";

export interface ShardLoopServices {
  store: WorkflowStore;
  worker: string;
  lanes(): ClaimRequest["lanes"];
  /** Takes room for claims and answers how much; given back with release(). */
  reserve(): number;
  release(room: number): void;
  /** Starts them; answers how much room they take. */
  onClaims(claims: Claim[]): number;
  log: { warn(obj: object, message: string): void; error(obj: object, message: string): void };
}

/** A unit's outcome, and those of tasks that ran ahead of it: recorded in one step. */
interface Pending {
  outcomes: readonly Outcome[];
  onCodes(codes: readonly OutcomeCode[]): void;
}

/** More per call buys nothing, and keeps Redis longer from others. */
const MAX_OUTCOMES = 200;
const MAX_IN_FLIGHT = 2;
const RETRY_MS = 200;

export class ShardLoop {
  readonly #buffer: Pending[] = [];
  readonly #freeSlots: number[] = Array.from({ length: MAX_IN_FLIGHT }, (_, slot) => slot);
  #scheduled = false;
  #stopped = false;
  #requests = 0;
  /** How many outcomes are to be sent alone, because one of them broke a batch. */
  #oneByOne = 0;
  /** How often somebody said that lanes may have work, and up to which of these times that has been looked after. */
  #hints = 1;
  #hintsServed = 0;
  #idle: (() => void)[] = [];

  constructor(readonly shard: number, private readonly services: ShardLoopServices) {}

  /** Units may be waiting. */
  hint(): void {
    this.#hints++;
    this.schedule();
  }

  /** Whether it would claim if there were room. */
  get hungry(): boolean {
    return !this.#stopped && this.#freeSlots.length > 0 && this.#hints > this.#hintsServed;
  }

  /** A call is under way, and may bring claims. */
  get isAsking(): boolean {
    return this.#freeSlots.length < MAX_IN_FLIGHT;
  }

  get holdsOutcomes(): boolean {
    return this.#buffer.length > 0;
  }

  push(outcomes: readonly Outcome[], onCodes: (codes: readonly OutcomeCode[]) => void): void {
    this.#buffer.push({ outcomes, onCodes });
    this.schedule();
  }

  /** Sends after this turn of the event loop, so that what ends together travels together. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** No more claims; resolves when every outcome so far has been answered. */
  async drain(): Promise<void> {
    while (this.#buffer.length > 0 || this.#freeSlots.length < MAX_IN_FLIGHT) {
      this.schedule();
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #pump(): void {
    while (this.#freeSlots.length > 0) {
      const room = this.#buffer.length > 0 || this.#hints > this.#hintsServed ? this.services.reserve() : 0;
      if (this.#buffer.length === 0 && room === 0) return;
      void this.#send(this.#nextBatch(), room);
    }
  }

  #nextBatch(): Pending[] {
    let count = 0;
    let size = 0;
    const most = this.#oneByOne > 0 ? 1 : MAX_OUTCOMES;
    if (this.#oneByOne > 0) this.#oneByOne--;
    while (count < this.#buffer.length && size < most) size += (this.#buffer[count++] as Pending).outcomes.length;
    return this.#buffer.splice(0, count);
  }

  async #send(pending: Pending[], room: number): Promise<void> {
    const slot = this.#freeSlots.pop() as number;
    const hints = this.#hints;
    // Until the answer tells whether lanes are empty, no second call asks for the same work.
    if (room > 0) this.#hintsServed = hints;
    const request: ClaimRequest = { worker: this.services.worker, request: `${slot}.${++this.#requests}`, want: room, lanes: room > 0 ? this.services.lanes() : [] };
    try {
      const { codes, claims } = await this.#call(request, pending.flatMap(({ outcomes }) => outcomes));
      this.services.release(room);
      let at = 0;
      for (const { outcomes, onCodes } of pending) onCodes(codes.slice(at, (at += outcomes.length)));
      // A full answer says that there may be more.
      if (claims.length > 0 && this.services.onClaims(claims) >= room) this.#hints++;
    } catch (error) {
      this.services.release(room);
      this.#keep(pending, error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      this.#hints++;
    } finally {
      this.#freeSlots.push(slot);
      const idle = this.#idle;
      this.#idle = [];
      for (const resolve of idle) resolve();
      if (!this.#stopped || this.#buffer.length > 0) this.schedule();
    }
  }

  /**
   * Results are kept until Redis takes them, or this process ends and the leases do their work. A script's own error comes
   * of one outcome: they go again one by one, and the one that fails alone is given up, so that it does not hold up the others.
   */
  #keep(pending: Pending[], error: unknown): void {
    const unavailable = error instanceof FanwireError && error.code === "UNAVAILABLE";
    if (!unavailable && pending.length === 1) {
      const { kind, ref } = (pending[0] as Pending).outcomes[0] as Outcome;
      this.services.log.error({ err: error, outcome: kind, ref }, "an outcome could not be recorded; the unit's lease will bring it back");
      return;
    }
    if (!unavailable) this.#oneByOne = pending.length;
    this.#buffer.unshift(...pending);
    if (!this.#stopped) this.services.log.warn({ err: error, shard: this.shard }, "Redis did not take a batch; trying again");
  }

  async #call(request: ClaimRequest, outcomes: Outcome[]): Promise<{ codes: OutcomeCode[]; claims: Claim[] }> {
    if (outcomes.length > 0) return this.services.store.completeTasks(this.shard, request, outcomes);
    return { codes: [], claims: await this.services.store.claimTasks(this.shard, request) };
  }
}
