/** One prepared subscription operation: where its values come from, and what each becomes for the client. */

import { createSourceEventStream, execute } from "graphql";
import type { DocumentNode, ExecutionResult, GraphQLSchema } from "graphql";
import type { LiveSource } from "../../events/LiveSource.js";
import { isLiveSource } from "../../events/LiveSource.js";
import type { ApiLog } from "../ApiLog.js";
import type { ApiContext } from "../context.js";
import { formatError } from "../formatError.js";
import type { PayloadCache } from "./PayloadCache.js";
import { variablesOfPayload } from "./payloadVariables.js";
import { nextTurn } from "./Signal.js";

/** About a thousandth of a second, after which others have their turn. */
const EXECUTIONS_PER_TURN = 64;

export interface SubscriptionArgs {
  schema: GraphQLSchema;
  document: DocumentNode;
  operationName?: string | null | undefined;
  variableValues?: Record<string, unknown> | null | undefined;
  contextValue: ApiContext;
}

/** Executes for one value at a time. */
export class Operation {
  constructor(private readonly args: SubscriptionArgs, private readonly log: ApiLog) {}

  /** @returns the source, or the result whose errors say why there is none */
  async open(): Promise<AsyncIterable<unknown> | ExecutionResult> {
    return createSourceEventStream(this.args);
  }

  /** Equal for operations that make the same of the same source. The rights are part of it: what a client may not see, no other shows it. */
  shareKey(source: LiveSource<unknown>): string {
    const { document, operationName, variableValues, contextValue } = this.args;
    const shaping = variablesOfPayload(document, operationName).map((name) => [name, variableValues?.[name]]);
    return `${JSON.stringify([contextValue.caller, source.shareKey, operationName ?? null, shaping])}\n${document.loc?.source.body}`;
  }

  /** JSON texts of the results, one per value and in their order. Each call sees what is true now: nothing read earlier is used again. */
  async payloadsOf(values: readonly unknown[], cache?: { payloads: PayloadCache; idOf(value: unknown): string | undefined }): Promise<Buffer[]> {
    const contextValue = this.args.contextValue.renewed();
    const payloads: Buffer[] = [];
    let executed = 0;
    for (const rootValue of values) {
      const id = cache?.idOf(rootValue);
      let payload = id === undefined ? undefined : cache?.payloads.find(id);
      if (!payload) {
        const result = execute({ ...this.args, contextValue, rootValue });
        payload = this.#payload(result instanceof Promise ? await result : (result as ExecutionResult));
        if (id !== undefined) cache?.payloads.keep(id, payload);
        if (++executed % EXECUTIONS_PER_TURN === 0) await nextTurn();
      }
      payloads.push(payload);
    }
    return payloads;
  }

  #payload(result: ExecutionResult): Buffer {
    const shown = result.errors ? { ...result, errors: result.errors.map((error) => formatError(error, this.log)) } : result;
    return Buffer.from(JSON.stringify(shown));
  }
}

/** A source of values that nobody else gets: pulled one by one. */
class OwnSource implements LiveSource<unknown> {
  readonly shareKey = "";
  readonly place = undefined;

  constructor(private readonly values: AsyncIterator<unknown>) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.values.next();
  }

  async return(): Promise<IteratorResult<unknown>> {
    return (await this.values.return?.()) ?? { value: undefined, done: true };
  }

  async ready(): Promise<void> {}

  async pull(): Promise<readonly unknown[] | undefined> {
    const { value, done } = await this.values.next();
    return done ? undefined : [value];
  }

  async changed(): Promise<void> {}

  placeOf(): string {
    return "";
  }

  idOf(): undefined {}

  from(): this {
    return this;
  }
}

export function asLiveSource(source: AsyncIterable<unknown>): LiveSource<unknown> {
  return isLiveSource(source) ? source : new OwnSource(source[Symbol.asyncIterator]());
}
