/** All subscriptions of the server: equal ones (document, variables, rights) share one execution per value, and its one serialisation. */

import type { ExecutionResult } from "graphql";
import type { LiveSource } from "../../events/LiveSource.js";
import type { ApiLog } from "../ApiLog.js";
import { asLiveSource, Operation, type SubscriptionArgs } from "./operation.js";
import type { Outbox } from "./Outbox.js";
import { SharedExecution } from "./SharedExecution.js";
import { Subscriber, type Executions } from "./Subscriber.js";

export class SharedSubscriptions implements Executions {
  readonly #executions = new Map<string, SharedExecution>();

  constructor(private readonly log: ApiLog) {}

  /** @returns the subscription, which sends to the outbox from now on, or the result whose errors say why there is none */
  async subscribe(args: SubscriptionArgs, outbox: Outbox): Promise<Subscriber | ExecutionResult> {
    const operation = new Operation(args, this.log);
    const source = await operation.open();
    return Symbol.asyncIterator in source ? new Subscriber(operation, asLiveSource(source), outbox, this) : source;
  }

  find(key: string): SharedExecution | undefined {
    return this.#executions.get(key);
  }

  found(key: string, operation: Operation, source: LiveSource<unknown>): SharedExecution {
    const shared = new SharedExecution(operation, source, () => this.#executions.delete(key));
    this.#executions.set(key, shared);
    return shared;
  }

  /** How many executions are shared now. */
  get executions(): number {
    return this.#executions.size;
  }
}
