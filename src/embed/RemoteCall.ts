/** One call of a handler for a claim that came over the API, and the report of what became of it. */

import { setTimeout as pause } from "node:timers/promises";
import { ClientError } from "../client/ClientError.js";
import { CompleteDocument, FailDocument, ReportDocument, type ClaimMutation } from "../client/generated/graphql.js";
import type { GraphqlClient } from "../client/GraphqlClient.js";
import { changedContext, type Handler } from "../engine/handlers.js";
import { toTaskError } from "../engine/Settlement.js";
import { FanwireError } from "../errors.js";
import type { JsonValue } from "../workflow/json.js";
import { HandlerCall, Result } from "../worker/HandlerCall.js";

const BACKOFF_MS = 500;

export interface RemoteCallServices {
  client: GraphqlClient;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  handler: Handler;
  task: ClaimMutation["claimTasks"]["tasks"][number];
  /** The handler says that it is at work. */
  onBeat(): void;
}

export class RemoteCall {
  readonly sinceMs = Date.now();
  /** Resolves when its outcome has been taken, or the claim is lost. Never rejects. */
  readonly ended: Promise<void>;
  readonly #call: HandlerCall;
  readonly #lost = new AbortController();
  /** Reports go out one after the other. */
  #reports: Promise<unknown> = Promise.resolve();

  constructor(private readonly services: RemoteCallServices) {
    const { handler, task: { workflowId, task, attempt, idempotencyKey, input, claim }, log } = services;
    this.#call = new HandlerCall(beating(handler, () => services.onBeat()), (input ?? null) as JsonValue, {
      workflowId, task, attempt, key: idempotencyKey,
      onAlive: () => undefined,
      onProgress: (progress) => this.#report(() => services.client.request(ReportDocument, { input: { claim, ...progress } })),
      onLog: (message, data) => log.info({ workflowId, task, data }, message),
      startChild: () => Promise.reject(new FanwireError("RESULT_INVALID", "A remote worker runs no sub-workflows", { retryable: false })),
    });
    this.ended = this.#run();
  }

  /** Its claim is gone: nothing that it still produces is sent. */
  lose(reason: string): void {
    if (this.#lost.signal.aborted) return;
    this.#call.abort(new FanwireError("CANCELLED", reason, { retryable: false }));
    this.#lost.abort();
  }

  async #run(): Promise<void> {
    const { client, task: { claim, task } } = this.services;
    let outcome: () => Promise<unknown>;
    try {
      const answer = await this.#untilLost(Promise.resolve().then(() => this.#call.run()));
      if (!answer) return;
      if (!(answer instanceof Result)) throw new FanwireError("RESULT_INVALID", `A remote worker records what ${task} results in, and nothing that comes later`, { retryable: false });
      const result = answer.value;
      outcome = () => this.#complete(result);
    } catch (error) {
      const { code, message, retryable, details } = toTaskError(error, task);
      outcome = () => client.request(FailDocument, { input: { claim, code, message, retryable, details: details ?? null } });
    }
    this.#report(outcome);
    await this.#reports;
  }

  /** A result that the server does not even take, for its size say, fails the task: another attempt would have the same. */
  async #complete(result: JsonValue): Promise<unknown> {
    const { client, task: { claim } } = this.services;
    try {
      return await client.request(CompleteDocument, { input: { results: [{ claim, result }] } });
    } catch (error) {
      if (!(error instanceof ClientError && error.kind === "REFUSED")) throw error;
      return client.request(FailDocument, { input: { claim, code: "RESULT_INVALID", message: `The server does not take the result: ${error.problems[0]?.message ?? error.message}`, retryable: false } });
    }
  }

  /** @returns undefined when the claim is lost before: the handler is left to itself */
  #untilLost<T>(work: Promise<T>): Promise<T | undefined> {
    const { signal } = this.#lost;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
      work.then(resolve, reject);
    });
  }

  #report(send: () => Promise<unknown>): void {
    this.#reports = this.#reports.then(() => this.#deliver(send));
  }

  /** Sent again until there is an answer: what comes twice is recorded once, and what comes too late not at all. */
  async #deliver(send: () => Promise<unknown>): Promise<void> {
    const { signal } = this.#lost;
    while (!signal.aborted) {
      try {
        await send();
        return;
      } catch (error) {
        const { workflowId, task } = this.services.task;
        this.services.log.warn({ err: error, workflowId, task }, "a report did not get through");
        // What the server refuses it would refuse again; the lease brings the task to another worker.
        if (!(error instanceof ClientError && error.kind === "UNREACHABLE")) return;
        await pause(BACKOFF_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

function beating(handler: Handler, onBeat: () => void): Handler {
  return { ...handler, run: (context) => handler.run(changedContext(context, { input: context.input, heartbeat: onBeat })) };
}
