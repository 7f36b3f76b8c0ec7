/** All subscriptions of the server: equal ones (document, variables, rights) share one execution per value, and its one serialisation. */

import type { ExecutionResult } from "graphql";
import type { LiveSource } from "../../events/LiveSource.js";
import type { ApiLog } from "../ApiLog.js";
import { asLiveSource, Operation, type SubscriptionArgs } from "./operation.js";
import type { Outbox } from "./Outbox.js";
import { Equals } from "./Equals.js";
import { SharedExecution } from "./SharedExecution.js";
import { Subscriber, type Executions } from "./Subscriber.js";

export class SharedSubscriptions implements Executions {
  readonly #equals = new Map<string, Equals>();
  #subscribers = 0;

  constructor(private readonly log: ApiLog) {}

  /** @returns the subscription, which sends to the outbox from now on, or the result whose errors say why there is none */
  async subscribe(args: SubscriptionArgs, outbox: Outbox): Promise<Subscriber | ExecutionResult> {
    const operation = new Operation(args, this.log);
    const source = await operation.open();
    if (!(Symbol.asyncIterator in source)) return source;
    const subscriber = new Subscriber(operation, asLiveSource(source), outbox, this);
    this.#subscribers += 1;
    const over = (): void => { this.#subscribers -= 1; };
    subscriber.done.then(over, over);
    return subscriber;
  }

  /** How many subscriptions run now. */
  get subscribers(): number {
    return this.#subscribers;
  }

  join(key: string, operation: Operation, source: LiveSource<unknown>, place: string): SharedExecution {
    let equals = this.#equals.get(key);
    if (!equals) {
      equals = new Equals(() => this.#equals.delete(key));
      this.#equals.set(key, equals);
    }
    return equals.find(place) ?? new SharedExecution(operation, source, equals);
  }

  /** How many executions there are now. */
  get executions(): number {
    let count = 0;
    for (const equals of this.#equals.values()) count += equals.size;
    return count;
  }
}
