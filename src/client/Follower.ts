/** Follows subscriptions over one WebSocket, each exactly once, through cut connections and restarted servers. */

import type { Client } from "graphql-ws/client";
import type { WebSocket as Socket } from "ws";
import { ClientError, requestFailure, ServerUnreachable, type GraphqlFailure } from "./ClientError.js";

export interface Follow<Data, Variables> {
  query: string;
  /** Without `after`: from the beginning. */
  variables: Variables & { after?: string | null | undefined };
  /** Where to go on behind. */
  cursorOf(data: Data): string;
  onData(data: Data): void;
  /** The connection was lost; called once per loss, before the first try to get it back. */
  onReconnect?: (() => void) | undefined;
  /** Ends the following early; the promise then resolves. */
  signal?: AbortSignal | undefined;
}

/** About a minute and a half of tries, first at once, then with growing waits. */
const RETRY_ATTEMPTS = 20;
const LONGEST_WAIT_MS = 5_000;
/** A server or network that vanished without closing the connection is noticed after a ping and this long. */
const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;

export class Follower {
  #client: Promise<Client> | undefined;
  readonly #onReconnect = new Set<() => void>();

  constructor(private readonly url: string, private readonly authorization: () => Promise<string | undefined>) {}

  /** See GraphqlClient.follow. */
  async follow<Data, Variables>(request: Follow<Data, Variables>): Promise<void> {
    const client = await (this.#client ??= this.#connect());
    const { onReconnect } = request;
    if (onReconnect) this.#onReconnect.add(onReconnect);
    try {
      await new Promise<void>((resolve, reject) => this.#subscribe(client, request, resolve, reject));
    } finally {
      if (onReconnect) this.#onReconnect.delete(onReconnect);
    }
  }

  /** Connected while something is followed. */
  async #connect(): Promise<Client> {
    const [{ createClient }, { default: WebSocket }] = await Promise.all([import("graphql-ws/client"), import("ws")]);
    let socket: Socket | undefined;
    let pongTimer: NodeJS.Timeout | undefined;
    let lost = false;
    return createClient({
      url: this.url,
      webSocketImpl: WebSocket,
      connectionParams: async () => {
        const authorization = await this.authorization();
        return authorization === undefined ? undefined : { authorization };
      },
      retryAttempts: RETRY_ATTEMPTS,
      // graphql-ws retries closed connections only; one that nobody took is an error event, and just as worth another try.
      shouldRetry: (end) => !isRefusal(end),
      retryWait: (tries) => new Promise((done) => setTimeout(done, tries === 0 ? 50 : waitMs(tries))),
      keepAlive: PING_EVERY_MS,
      on: {
        opened: (opened) => { socket = opened as Socket; },
        closed: () => { clearTimeout(pongTimer); },
        connecting: (isRetry) => {
          if (isRetry && !lost) for (const tell of this.#onReconnect) tell();
          lost = isRetry;
        },
        connected: () => { lost = false; },
        ping: (received) => { if (!received) pongTimer = setTimeout(() => socket?.terminate(), PONG_WITHIN_MS); },
        pong: (received) => { if (received) clearTimeout(pongTimer); },
      },
    });
  }

  #subscribe<Data, Variables>(client: Client, request: Follow<Data, Variables>, resolve: () => void, reject: (error: unknown) => void): void {
    // graphql-ws sends this very object again after a cut, so moving `after` along is all that resuming takes.
    const variables = { ...request.variables };
    const { signal } = request;
    const abort = (): void => { stop(); resolve(); };
    const end = (settle: () => void): void => { signal?.removeEventListener("abort", abort); settle(); };
    const stop = client.subscribe<Data>({ query: request.query, variables: variables as Record<string, unknown> }, {
      next: ({ data, errors }) => {
        if (signal?.aborted === true) return;
        if (errors !== undefined || !data) {
          end(() => reject(this.#failure(errors)));
          stop();
          return;
        }
        variables.after = request.cursorOf(data);
        request.onData(data);
      },
      error: (error) => end(() => reject(this.#failure(error))),
      complete: () => end(resolve),
    });
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
  }

  #failure(error: unknown): ClientError {
    if (Array.isArray(error)) return requestFailure(error as GraphqlFailure[]);
    if (error instanceof ClientError) return error;
    const refusal = isRefusal(error) ? (error as { reason?: string }).reason : undefined;
    if (refusal !== undefined) return new ClientError("REFUSED", `The server refuses the connection (${refusal})`);
    const reason = (error as { reason?: string; message?: string } | undefined)?.reason || (error as Error | undefined)?.message || "connection closed";
    return new ServerUnreachable(this.url, `the connection was lost: ${reason}`, false);
  }
}

/** Closed because of who asks, or how: another try would be closed as well. */
function isRefusal(end: unknown): boolean {
  return [4400, 4401, 4403].includes((end as { code?: number } | undefined)?.code ?? 0);
}

/** Doubling with jitter, so that the clients of a restarted server do not come back all at once. */
function waitMs(tries: number): number {
  return Math.min(LONGEST_WAIT_MS, 100 * 2 ** tries) * (0.5 + Math.random() / 2);
}
