/** Pushes claims to one worker as they come, at most `max` of them without an outcome, and hands back what has none when it is closed. */

import type { ClaimedTask } from "../../engine/WorkerProtocol.js";
import type { RemoteClaim } from "../../engine/claimId.js";
import type { Bell } from "../../engine/Bell.js";
import type { Offer } from "./RemoteClaims.js";

/** How long a lost doorbell can delay an offer. */
const POLL_MS = 2_000;
const END: IteratorResult<ClaimedTask> = { value: undefined, done: true };

export interface OfferServices {
  max: number;
  /** Rung when units may be ready, and when workflows with offers have new events. */
  bell: Bell;
  take(want: number): Promise<Offer[]>;
  handBack(claims: readonly RemoteClaim[]): Promise<void>;
  /** Whether it still runs under that claim. */
  isOpen(claim: RemoteClaim): Promise<boolean>;
  onClose(): void;
}

export class OfferIterator implements AsyncIterableIterator<ClaimedTask> {
  /** Given to the worker or about to be, without an outcome as far as is known. */
  #open: Offer[] = [];
  readonly #ready: Offer[] = [];
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly services: OfferServices) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether it has an offer of one of these workflows. */
  concerns(workflowIds: readonly string[]): boolean {
    return this.#open.some(({ claim }) => workflowIds.includes(claim.ref.workflowId));
  }

  next(): Promise<IteratorResult<ClaimedTask>> {
    const result = this.#last.then(() => this.#take());
    this.#last = result.catch(() => undefined);
    return result;
  }

  async return(): Promise<IteratorResult<ClaimedTask>> {
    await this.#close();
    return END;
  }

  async throw(error: unknown): Promise<IteratorResult<ClaimedTask>> {
    await this.#close();
    throw error instanceof Error ? error : new Error(String(error));
  }

  async #take(): Promise<IteratorResult<ClaimedTask>> {
    try {
      while (!this.#closed) {
        const offer = this.#ready.shift();
        if (offer) return { value: offer.task, done: false };
        if (!(await this.#fill()) && !this.#closed) await this.services.bell.wait(POLL_MS);
      }
      return END;
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  /** Claims what there is room for; false when that is nothing. */
  async #fill(): Promise<boolean> {
    const { max, take, handBack, isOpen } = this.services;
    if (this.#open.length >= max) {
      const open = await Promise.all(this.#open.map(({ claim }) => isOpen(claim)));
      this.#open = this.#open.filter((_, i) => open[i]);
    }
    const room = max - this.#open.length;
    if (room <= 0 || this.#closed) return false;
    const offers = await take(room);
    if (this.#closed) {
      await handBack(offers.map(({ claim }) => claim));
      return false;
    }
    this.#open.push(...offers);
    this.#ready.push(...offers);
    return offers.length > 0;
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { bell, handBack, onClose } = this.services;
    bell.ring();
    onClose();
    const claims = this.#open.splice(0).map(({ claim }) => claim);
    await handBack(claims);
  }
}
