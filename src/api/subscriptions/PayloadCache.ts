/** Payloads by their values' ids, for equal executions that stand at different places of the same log: what one has made the others need not make again. */

/** Of all executions that share one cache. */
const KEPT_BYTES = 1024 * 1024;

export class PayloadCache {
  readonly #payloads = new Map<string, Buffer>();
  #bytes = 0;

  /** @param id of the value */
  find(id: string): Buffer | undefined {
    return this.#payloads.get(id);
  }

  keep(id: string, payload: Buffer): void {
    if (this.#payloads.has(id)) return;
    this.#payloads.set(id, payload);
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
