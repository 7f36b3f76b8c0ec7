/** All subscriptions of the server: equal ones (document, variables, rights) share one execution per value, and its one serialisation. */

import type { ExecutionResult } from "graphql";
import type { LiveSource } from "../../events/LiveSource.js";
import type { ApiLog } from "../ApiLog.js";
import { asLiveSource, Operation, type SubscriptionArgs } from "./operation.js";
import type { Outbox } from "./Outbox.js";
import { SharedExecution } from "./SharedExecution.js";
import { Subscriber, type Executions } from "./Subscriber.js";

export class SharedSubscriptions implements Executions {
  /** By what they share; several only while some are behind: those go over to the one that is further on as soon as they reach it. */
  readonly #executions = new Map<string, Set<SharedExecution>>();

  constructor(private readonly log: ApiLog) {}

  /** @returns the subscription, which sends to the outbox from now on, or the result whose errors say why there is none */
  async subscribe(args: SubscriptionArgs, outbox: Outbox): Promise<Subscriber | ExecutionResult> {
    const operation = new Operation(args, this.log);
    const source = await operation.open();
    return Symbol.asyncIterator in source ? new Subscriber(operation, asLiveSource(source), outbox, this) : source;
  }

  join(key: string, operation: Operation, source: LiveSource<unknown>, place: string): SharedExecution {
    return this.#find(key, place) ?? this.#found(key, operation, source);
  }

  /** How many executions there are now. */
  get executions(): number {
    let count = 0;
    for (const ofKey of this.#executions.values()) count += ofKey.size;
    return count;
  }

  #find(key: string, place: string, notThis?: SharedExecution): SharedExecution | undefined {
    for (const shared of this.#executions.get(key) ?? []) if (shared !== notThis && shared.knows(place)) return shared;
    return undefined;
  }

  #found(key: string, operation: Operation, source: LiveSource<unknown>): SharedExecution {
    let ofKey = this.#executions.get(key);
    if (!ofKey) this.#executions.set(key, (ofKey = new Set()));
    const all = ofKey;
    const shared = new SharedExecution(operation, source, (place, notThis) => this.#find(key, place, notThis), () => {
      all.delete(shared);
      if (all.size === 0 && this.#executions.get(key) === all) this.#executions.delete(key);
    });
    all.add(shared);
    return shared;
  }
}
