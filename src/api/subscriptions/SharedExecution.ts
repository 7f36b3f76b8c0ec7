/** One source and one execution per value for all subscriptions that are equal and stand at its head. */

import type { LiveSource } from "../../events/LiveSource.js";
import type { Operation } from "./operation.js";
import { Ring } from "./Ring.js";
import { Signal, nextTurn } from "./Signal.js";

/** Members served in one turn of the event loop: a thousandth of a second or so, after which others have their turn. */
const MEMBERS_PER_TURN = 256;

/** How long the others wait for members of which none takes anything; then those go on by themselves. */
const PATIENCE_MS = 250;

/** A subscription that lives on the ring. */
export interface Member {
  /** Sends what the ring has for it. */
  flush(): void;
  /** It has left, because it held up the others. */
  dropped(): void;
  /** The ring has no more to come. @param error why, when it is no ordinary end */
  end(error?: unknown): void;
}

export class SharedExecution {
  readonly ring: Ring;
  readonly #members = new Set<Member>();
  /** Members that have not taken what the ring has for them. */
  readonly #lagging = new Set<Member>();
  readonly #stepped = new Signal();
  readonly #easier = new Signal();
  /** Its source is ahead of the ring: nobody can tell where to join. */
  #reading = false;
  #over = false;
  #started = false;
  /** How often a member that lagged has caught up. */
  #catches = 0;

  /** @param source that has been pulled empty @param onOver called once, when nobody can join any more */
  constructor(private readonly operation: Operation, readonly source: LiveSource<unknown>, private readonly onOver: () => void) {
    this.ring = new Ring(source.place as string);
  }

  /** The first member sets it going. @returns the number of the first payload for the new member; undefined when the ring does not know its place, or not now */
  join(member: Member, place: string): number | undefined {
    const number = this.#reading || this.#over ? undefined : this.ring.behind(place);
    if (number === undefined) return undefined;
    this.#members.add(member);
    if (!this.#started) this.#start();
    return number;
  }

  leave(member: Member): void {
    this.#members.delete(member);
    this.#lagging.delete(member);
    this.#lookAround();
    if (this.#members.size === 0) this.#close();
  }

  /** Resolves when it may be possible to join. */
  stepped(): Promise<void> {
    return this.#stepped.wait();
  }

  fellBehind(member: Member): void {
    this.#lagging.add(member);
  }

  caughtUp(member: Member): void {
    if (this.#lagging.delete(member)) this.#catches += 1;
    this.#lookAround();
  }

  #lookAround(): void {
    if (!this.#mostLag()) this.#easier.give();
  }

  #start(): void {
    this.#started = true;
    this.#run().then(() => this.#end(), (error: unknown) => this.#end(error));
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      this.#reading = true;
      const values = await this.source.pull();
      if (!values) return;
      if (values.length === 0) this.ring.endPlace = this.source.place as string;
      else this.ring.append(await this.operation.payloadsOf(values), values.map((value) => this.source.placeOf(value)), this.source.place as string);
      this.#reading = false;
      this.#stepped.give();
      if (values.length === 0) await this.source.changed();
      else await this.#serve();
    }
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
    while (!this.#over && this.#mostLag()) {
      const catches = this.#catches;
      await this.#easier.waitAtMost(PATIENCE_MS);
      if (catches === this.#catches && this.#mostLag()) this.#dropLagging();
    }
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

  #end(error?: unknown): void {
    this.#close();
    for (const member of [...this.#members]) member.end(error);
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.onOver();
    this.source.return?.().catch(() => undefined);
    this.#stepped.give();
    this.#easier.give();
  }
}
