/** One WebSocket for all subscriptions, and what the page knows of it. */

import { createClient } from "graphql-ws";
import { createValue } from "./value.js";

/** idle: nothing has asked for it yet. */
export type Connection = "idle" | "live" | "reconnecting";

export const connection = createValue<Connection>("idle");

/** Counts the times that the connection came back: whoever holds data reads it anew. */
export const returns = createValue(0);

const PING_MS = 10_000;
const PONG_WITHIN_MS = 5_000;
const LONGEST_WAIT_MS = 4_000;

const url = new URL("/graphql", location.href);
url.protocol = url.protocol === "https:" ? "wss:" : "ws:";

let pongTimer: ReturnType<typeof setTimeout> | undefined;

export const socket = createClient({
  url: url.href,
  retryAttempts: Number.POSITIVE_INFINITY,
  shouldRetry: () => true,
  retryWait: (tries) => new Promise((done) => setTimeout(done, Math.min(LONGEST_WAIT_MS, 250 * 2 ** Math.min(tries, 6)) * (0.75 + Math.random() / 2))),
  keepAlive: PING_MS,
  on: {
    connecting: (isRetry) => {
      if (isRetry) connection.set("reconnecting");
    },
    connected: () => {
      if (connection.get() === "reconnecting") returns.set(returns.get() + 1);
      connection.set("live");
    },
    closed: (event) => {
      // 1000 is this page's own: nothing is subscribed to any more.
      if ((event as CloseEvent).code !== 1000) connection.set("reconnecting");
    },
    // A connection that died without a word is found out by a pong that does not come.
    ping: (received) => {
      if (!received) pongTimer = setTimeout(() => socket.terminate(), PONG_WITHIN_MS);
    },
    pong: (received) => {
      if (received) clearTimeout(pongTimer);
    },
  },
});
