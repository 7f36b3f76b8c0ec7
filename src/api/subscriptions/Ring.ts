/** The newest payloads of a shared execution, so that members may stand a little apart and others may join. */

/** Payloads kept for several members, in bytes; a member that is further behind reads by itself. At least the last batch is kept. */
const KEPT_BYTES = 1024 * 1024;

/** Of an execution with one member: there may be many of those, each at its own place in a long log. */
const KEPT_ALONE_BYTES = 16 * 1024;

export class Ring {
  #payloads: Buffer[] = [];
  /** The place behind each payload. */
  #places: string[] = [];
  #bytes = 0;
  /** Numbers count all payloads there ever were: `start` is the oldest one kept, `end` the next one to come. */
  #start = 0;
  /** Of the first payload behind each place. */
  readonly #numbers = new Map<string, number>();
  #endPlace: string;

  /** @param beginning where the source stood when the ring began */
  constructor(beginning: string) {
    this.#endPlace = beginning;
    this.#numbers.set(beginning, 0);
  }

  /** Where the source stood when it had given everything up to `end`. */
  get endPlace(): string {
    return this.#endPlace;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#start + this.#payloads.length;
  }

  /** The number of the first payload behind a place; undefined when that is not known here. */
  behind(place: string): number | undefined {
    return place === this.#endPlace ? this.end : this.#numbers.get(place);
  }

  append(payloads: readonly Buffer[], places: readonly string[], endPlace: string, members: number): void {
    this.#makeRoom(payloads.reduce((sum, payload) => sum + payload.length, 0), members > 1 ? KEPT_BYTES : KEPT_ALONE_BYTES);
    payloads.forEach((payload, i) => {
      const place = places[i] as string;
      this.#payloads.push(payload);
      this.#places.push(place);
      this.#numbers.set(place, this.end);
      this.#bytes += payload.length;
    });
    this.#endPlace = endPlace;
  }

  /** Payloads from a number on, about `mostBytes` at most, and the place behind the last of them. */
  from(number: number, mostBytes: number): { payloads: Buffer[]; place: string } {
    const first = number - this.#start;
    let last = first;
    for (let bytes = 0; last < this.#payloads.length && (last === first || bytes < mostBytes); last++) bytes += (this.#payloads[last] as Buffer).length;
    return { payloads: this.#payloads.slice(first, last), place: this.#places[last - 1] as string };
  }

  #makeRoom(bytes: number, most: number): void {
    let gone = 0;
    while (gone < this.#payloads.length && this.#bytes + bytes > most) {
      this.#bytes -= (this.#payloads[gone] as Buffer).length;
      gone++;
    }
    if (gone === 0) return;
    this.#payloads = this.#payloads.slice(gone);
    this.#places = this.#places.slice(gone);
    this.#start += gone;
    // In the order of their numbers: a place behind which something is missing is no place to begin at.
    for (const [place, number] of this.#numbers) {
      if (number >= this.#start) break;
      this.#numbers.delete(place);
    }
  }
}
