/** The executions of equal subscriptions: one, but for the time that some are behind; those go over to the one that is further on when they reach it. */

import { ANYWHERE, type LiveSource } from "../../events/LiveSource.js";
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

  /** Where values have places of their own and there are several who may need them. */
  cacheFor(source: LiveSource<unknown>): { payloads: PayloadCache; placeOf(value: unknown): string } | undefined {
    if (this.#executions.size <= 1 || source.place === ANYWHERE) return undefined;
    return { payloads: this.#payloads, placeOf: (value) => source.placeOf(value) };
  }
}
