/** The listener below everything that is served: its timeouts, and how it closes without cutting an answer off. */

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** All in milliseconds. */
export interface HttpTimeouts {
  /** Longest that a request's headers may take to arrive. */
  headersMs: number;
  /** Longest that a whole request, body included, may take to arrive. */
  requestMs: number;
  /** How long an idle connection stays open. Longer than the 60 s of common proxies, so that it is the proxy that closes. */
  keepAliveMs: number;
  /** How often connections are held against these limits. */
  checkMs: number;
}

export const HTTP_TIMEOUTS: HttpTimeouts = { headersMs: 20_000, requestMs: 120_000, keepAliveMs: 65_000, checkMs: 5_000 };

/** Between two looks for connections that have become idle while the server closes. */
const SWEEP_MS = 25;

export interface HttpServer {
  readonly http: Server;
  /**
   * No new connections; idle ones are closed at once, the others with their answer. What is left after graceMs is cut. Resolves when all are closed.
   */
  close(graceMs: number): Promise<void>;
}

export function createHttpServer(handle: (request: IncomingMessage, response: ServerResponse) => void, timeouts: HttpTimeouts = HTTP_TIMEOUTS): HttpServer {
  const http = createServer({
    headersTimeout: timeouts.headersMs, requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs, connectionsCheckingInterval: timeouts.checkMs,
  });
  const open = new Set<ServerResponse>();
  let closing = false;
  http.on("request", (request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    if (closing) endConnectionWith(response);
    handle(request, response);
  });
  return {
    http,
    async close(graceMs) {
      if (!http.listening) return;
      closing = true;
      open.forEach(endConnectionWith);
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      // A connection whose answer was under way when closing began becomes idle with it.
      const sweep = setInterval(() => http.closeIdleConnections(), SWEEP_MS);
      const deadline = setTimeout(() => http.closeAllConnections(), graceMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(deadline);
    },
  };
}

/** Tells the client not to send another request on this connection. */
function endConnectionWith(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("connection", "close");
}
