/** The newest payloads of a shared execution, so that members may stand a little apart and others may join. */

/** Payloads kept, in bytes; a member that is further behind reads by itself. At least the last batch is kept. */
const KEPT_BYTES = 1024 * 1024;

export class Ring {
  #payloads: Buffer[] = [];
  /** The place behind each payload. */
  #places: string[] = [];
  #bytes = 0;
  /** Numbers count all payloads there ever were: `start` is the oldest one kept, `end` the next one to come. */
  #start = 0;
  readonly #numbers = new Map<string, number>();

  /** @param endPlace where the source stood when the ring began */
  constructor(public endPlace: string) {}

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#start + this.#payloads.length;
  }

  /** The number of the first payload behind a place; undefined when that is not known here. */
  behind(place: string): number | undefined {
    return place === this.endPlace ? this.end : this.#numbers.get(place);
  }

  append(payloads: readonly Buffer[], places: readonly string[], endPlace: string): void {
    this.#makeRoom(payloads.reduce((sum, payload) => sum + payload.length, 0));
    payloads.forEach((payload, i) => {
      const place = places[i] as string;
      this.#payloads.push(payload);
      this.#places.push(place);
      this.#numbers.set(place, this.end);
      this.#bytes += payload.length;
    });
    this.endPlace = endPlace;
  }

  /** Payloads from a number on, about `mostBytes` at most, and the place behind the last of them. */
  from(number: number, mostBytes: number): { payloads: Buffer[]; place: string } {
    const first = number - this.#start;
    let last = first;
    for (let bytes = 0; last < this.#payloads.length && (last === first || bytes < mostBytes); last++) bytes += (this.#payloads[last] as Buffer).length;
    return { payloads: this.#payloads.slice(first, last), place: this.#places[last - 1] as string };
  }

  #makeRoom(bytes: number): void {
    let gone = 0;
    while (gone < this.#payloads.length && this.#bytes + bytes > KEPT_BYTES) {
      this.#bytes -= (this.#payloads[gone] as Buffer).length;
      const place = this.#places[gone] as string;
      if (this.#numbers.get(place) === this.#start + gone + 1) this.#numbers.delete(place);
      gone++;
    }
    if (gone === 0) return;
    this.#payloads = this.#payloads.slice(gone);
    this.#places = this.#places.slice(gone);
    this.#start += gone;
  }
}
