/** Payloads by place, for equal executions that stand at different places of the same log: what one has made the others need not make again. */

/** Of all executions that share one cache. */
const KEPT_BYTES = 1024 * 1024;

export class PayloadCache {
  readonly #payloads = new Map<string, Buffer>();
  #bytes = 0;

  /** @param place behind the value */
  find(place: string): Buffer | undefined {
    return this.#payloads.get(place);
  }

  keep(place: string, payload: Buffer): void {
    if (this.#payloads.has(place)) return;
    this.#payloads.set(place, payload);
    this.#bytes += payload.length;
    for (const [oldest, old] of this.#payloads) {
      if (this.#bytes <= KEPT_BYTES) break;
      this.#payloads.delete(oldest);
      this.#bytes -= old.length;
    }
  }

  clear(): void {
    this.#payloads.clear();
    this.#bytes = 0;
  }
}
