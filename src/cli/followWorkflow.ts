/** Follows one workflow's events over WebSocket, exactly once each, through cut connections and restarted servers. */

import { createClient } from "graphql-ws/client";
import type { WebSocket as Socket } from "ws";
import { CommandFailure, EXIT } from "./exitCodes.js";
import type { GraphqlError } from "./graphqlClient.js";
import { requestFailure } from "./graphqlClient.js";
import type { FollowedEvent } from "./operations.js";
import { FOLLOW } from "./operations.js";

export interface FollowOptions {
  webSocketUrl: string;
  workflowId: string;
  onEvent(event: FollowedEvent): void;
  /** The connection was lost; called once per loss, before the first try to get it back. */
  onReconnect?(): void;
  /** Ends the following early; the promise then resolves. */
  signal?: AbortSignal;
}

/** About a minute and a half of tries, first at once, then with growing waits. */
const RETRY_ATTEMPTS = 20;
const LONGEST_WAIT_MS = 5_000;
/** A server or network that vanished without closing the connection is noticed after a ping and this long. */
const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;

/**
 * Resolves after the workflow's terminal event.
 * @throws CommandFailure UNREACHABLE when the connection cannot be made again, INVALID when the server refuses (NOT_FOUND)
 */
export async function followWorkflow(options: FollowOptions): Promise<void> {
  const { default: WebSocket } = await import("ws");
  let socket: Socket | undefined;
  let pongTimer: NodeJS.Timeout | undefined;
  let lost = false;
  const client = createClient({
    url: options.webSocketUrl,
    webSocketImpl: WebSocket,
    retryAttempts: RETRY_ATTEMPTS,
    // graphql-ws retries closed connections only; a refused one is an error event, and just as worth another try.
    shouldRetry: () => true,
    retryWait: (tries) => new Promise((done) => setTimeout(done, tries === 0 ? 50 : waitMs(tries))),
    keepAlive: PING_EVERY_MS,
    on: {
      opened: (opened) => { socket = opened as Socket; },
      closed: () => { clearTimeout(pongTimer); },
      connecting: (isRetry) => {
        if (isRetry && !lost) options.onReconnect?.();
        lost = isRetry;
      },
      connected: () => { lost = false; },
      ping: (received) => { if (!received) pongTimer = setTimeout(() => socket?.terminate(), PONG_WITHIN_MS); },
      pong: (received) => { if (received) clearTimeout(pongTimer); },
    },
  });
  try {
    await new Promise<void>((resolve, reject) => subscribe(client, options, resolve, reject));
  } finally {
    clearTimeout(pongTimer);
    await client.dispose();
  }
}

/** Doubling with jitter, so that the clients of a restarted server do not come back all at once. */
function waitMs(tries: number): number {
  return Math.min(LONGEST_WAIT_MS, 100 * 2 ** tries) * (0.5 + Math.random() / 2);
}

function subscribe(client: ReturnType<typeof createClient>, options: FollowOptions, resolve: () => void, reject: (error: unknown) => void): void {
  // graphql-ws sends this very object again after a cut, so moving `after` along is all that resuming takes.
  const variables: { id: string; after?: string } = { id: options.workflowId };
  const stop = client.subscribe<{ workflowEvents: FollowedEvent }>({ query: FOLLOW.text, variables }, {
    next: (result) => {
      if (result.errors !== undefined || !result.data) {
        reject(followFailure(result.errors, options));
        stop();
        return;
      }
      variables.after = result.data.workflowEvents.cursor;
      options.onEvent(result.data.workflowEvents);
    },
    error: (error) => reject(followFailure(error, options)),
    complete: resolve,
  });
  options.signal?.addEventListener("abort", () => { stop(); resolve(); }, { once: true });
  if (options.signal?.aborted === true) stop();
}

function followFailure(error: unknown, options: FollowOptions): unknown {
  if (Array.isArray(error)) return requestFailure(error as GraphqlError[]);
  if (error instanceof CommandFailure) return error;
  const reason = (error as { reason?: string; message?: string } | undefined)?.reason || (error as Error | undefined)?.message || "connection closed";
  return new CommandFailure(EXIT.UNREACHABLE, `Lost the connection to ${options.webSocketUrl} (${reason}); the workflow goes on: fanwire watch ${options.workflowId}`);
}
