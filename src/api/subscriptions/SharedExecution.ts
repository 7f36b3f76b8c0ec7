/** One source and one execution per value for all equal subscriptions that stand near its head. */

import { ANYWHERE, type LiveSource } from "../../events/LiveSource.js";
import type { Equals } from "./Equals.js";
import type { Operation } from "./operation.js";
import { Ring } from "./Ring.js";
import { Signal, nextTurn } from "./Signal.js";

/** Members served in one turn of the event loop: a thousandth of a second or so, after which others have their turn. */
const MEMBERS_PER_TURN = 256;

/** Values that become payloads at once; what comes together in a long page is served in such steps. */
const VALUES_PER_STEP = 128;

/** How long the others wait for members of which none takes anything; then those go on by themselves. */
const PATIENCE_MS = 250;

/** A subscription that lives on the ring. */
export interface Member {
  /** Sends what the ring has for it. */
  flush(): void;
  /** It has left, because it held up the others. */
  dropped(): void;
  /** The ring has no more to come. */
  end(end: End): void;
}

/** How an execution ends: with its source, by an error, or because another one is further on and knows where this one stands. */
export interface End {
  error?: unknown;
  into?: SharedExecution;
}

export class SharedExecution {
  readonly ring: Ring;
  readonly #members = new Set<Member>();
  /** Members that have not taken what the ring has for them. */
  readonly #lagging = new Set<Member>();
  readonly #caught = new Signal();
  #reading = false;
  #over = false;
  #started = false;
  /** How often a member that lagged has caught up, or left. */
  #catches = 0;

  /** @param source whose place is known */
  constructor(private readonly operation: Operation, readonly source: LiveSource<unknown>, private readonly equals: Equals) {
    this.ring = new Ring(source.place as string);
    equals.add(this);
  }

  /** Whether a subscription that stands at the place can go on here. */
  knows(place: string): boolean {
    // What is being read now may be older than what somebody has who is anywhere.
    return !this.#over && !(place === ANYWHERE && this.#reading) && this.ring.behind(place) !== undefined;
  }

  /** The first member sets it going. @param place that it knows @returns the number of the first payload for the new member */
  join(member: Member, place: string): number {
    this.#members.add(member);
    if (!this.#started) {
      this.#started = true;
      this.#run().then((end) => this.#end(end), (error: unknown) => this.#end({ error }));
    }
    return this.ring.behind(place) as number;
  }

  leave(member: Member): void {
    this.#members.delete(member);
    this.caughtUp(member);
    if (this.#members.size === 0) this.#close();
  }

  fellBehind(member: Member): void {
    this.#lagging.add(member);
  }

  caughtUp(member: Member): void {
    if (!this.#lagging.delete(member)) return;
    this.#catches += 1;
    this.#caught.give();
  }

  async #run(): Promise<End> {
    while (!this.#over) {
      this.#reading = true;
      const values = await this.source.pull();
      this.#reading = false;
      if (!values) {
        await this.#untilTaken();
        return {};
      }
      if (values.length === 0) this.ring.append([], [], this.source.place as string, this.#members.size);
      for (let at = 0; at < values.length && !this.#over; at += VALUES_PER_STEP) await this.#step(values, at);
      const into = this.equals.find(this.ring.endPlace, this);
      if (into) {
        // At once, so that the other one does not come over here at the same time.
        this.#close();
        return { into };
      }
      if (values.length === 0) await this.source.changed();
    }
    return {};
  }

  async #step(all: readonly unknown[], at: number): Promise<void> {
    this.#reading = true;
    const values = all.slice(at, at + VALUES_PER_STEP);
    const payloads = await this.operation.payloadsOf(values, this.equals.cacheFor(this.source));
    const places = values.map((value) => this.source.placeOf(value));
    const isLast = at + VALUES_PER_STEP >= all.length;
    this.ring.append(payloads, places, (isLast ? this.source.place : places.at(-1)) as string, this.#members.size);
    this.#reading = false;
    await this.#serve();
  }

  /** Once its source is over the ring has no other use: who does not take the rest soon reads it again later. */
  async #untilTaken(): Promise<void> {
    while (!this.#over && this.#lagging.size > 0) await this.#waitForLagging();
  }

  /** Reads on only when most members have taken what they had; the others find what they missed in the ring, or read it by themselves. */
  async #serve(): Promise<void> {
    let served = 0;
    // Members that join meanwhile come last in the set, so they are served as well.
    for (const member of this.#members) {
      member.flush();
      if (++served % MEMBERS_PER_TURN === 0) await nextTurn();
    }
    await nextTurn();
    while (!this.#over && this.#mostLag()) await this.#waitForLagging();
  }

  /** Waits for members that lag, as long as some catch up now and then. */
  async #waitForLagging(): Promise<void> {
    const catches = this.#catches;
    await this.#caught.waitAtMost(PATIENCE_MS);
    if (catches === this.#catches) this.#dropLagging();
  }

  #dropLagging(): void {
    for (const member of [...this.#lagging]) {
      this.leave(member);
      member.dropped();
    }
  }

  #mostLag(): boolean {
    return this.#lagging.size * 2 > this.#members.size;
  }

  #end(end: End): void {
    this.#close();
    for (const member of [...this.#members]) member.end(end);
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.equals.delete(this);
    this.source.return?.().catch(() => undefined);
    this.#caught.give();
  }
}
