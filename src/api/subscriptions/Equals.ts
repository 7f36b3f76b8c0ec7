/** The executions of equal subscriptions: one, but for the time that some are behind; those go over to the one that is further on when they reach it. */

import type { LiveSource } from "../../events/LiveSource.js";
import { PayloadCache } from "./PayloadCache.js";
import type { SharedExecution } from "./SharedExecution.js";

export class Equals {
  readonly #executions = new Set<SharedExecution>();
  readonly #payloads = new PayloadCache();

  /** @param onEmpty called when the last execution is over */
  constructor(private readonly onEmpty: () => void) {}

  get size(): number {
    return this.#executions.size;
  }

  /** One that knows the place. */
  find(place: string, notThis?: SharedExecution): SharedExecution | undefined {
    for (const shared of this.#executions) if (shared !== notThis && shared.knows(place)) return shared;
    return undefined;
  }

  add(shared: SharedExecution): void {
    this.#executions.add(shared);
  }

  delete(shared: SharedExecution): void {
    this.#executions.delete(shared);
    if (this.#executions.size <= 1) this.#payloads.clear();
    if (this.#executions.size === 0) this.onEmpty();
  }

  /** When there are several who may need the same payloads. */
  cacheFor(source: LiveSource<unknown>): { payloads: PayloadCache; idOf(value: unknown): string | undefined } | undefined {
    return this.#executions.size <= 1 ? undefined : { payloads: this.#payloads, idOf: (value) => source.idOf(value) };
  }
}
