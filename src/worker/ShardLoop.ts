/** Moves outcomes out and claims in, one script call for both: a shard's traffic of one worker. */

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
  log: { warn(obj: object, message: string): void };
}

interface Pending {
  outcome: Outcome;
  onCode(code: OutcomeCode): void;
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

  push(outcome: Outcome, onCode: (code: OutcomeCode) => void): void {
    this.#buffer.push({ outcome, onCode });
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
      void this.#send(this.#buffer.splice(0, MAX_OUTCOMES), room);
    }
  }

  async #send(pending: Pending[], room: number): Promise<void> {
    const slot = this.#freeSlots.pop() as number;
    const hints = this.#hints;
    // Until the answer tells whether lanes are empty, no second call asks for the same work.
    if (room > 0) this.#hintsServed = hints;
    const request: ClaimRequest = { worker: this.services.worker, request: `${slot}.${++this.#requests}`, want: room, lanes: room > 0 ? this.services.lanes() : [] };
    try {
      const { codes, claims } = await this.#call(request, pending.map(({ outcome }) => outcome));
      this.services.release(room);
      pending.forEach(({ onCode }, i) => onCode(codes[i] as OutcomeCode));
      // A full answer says that there may be more.
      if (claims.length > 0 && this.services.onClaims(claims) >= room) this.#hints++;
    } catch (error) {
      this.services.release(room);
      // Results are kept until Redis takes them, or this process ends and the leases do their work.
      this.#buffer.unshift(...pending);
      if (!this.#stopped) this.services.log.warn({ err: error, shard: this.shard }, "Redis did not take a batch; trying again");
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

  async #call(request: ClaimRequest, outcomes: Outcome[]): Promise<{ codes: OutcomeCode[]; claims: Claim[] }> {
    if (outcomes.length > 0) return this.services.store.completeTasks(this.shard, request, outcomes);
    return { codes: [], claims: await this.services.store.claimTasks(this.shard, request) };
  }
}
