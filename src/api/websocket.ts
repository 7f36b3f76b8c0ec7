/** GraphQL over WebSocket (graphql-transport-ws): the same limits and the same errors as over HTTP. */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { GraphQLSchema } from "graphql";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import type { Server, ServerOptions } from "graphql-ws";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { ApiLog } from "./ApiLog.js";
import type { ApiContext } from "./context.js";
import { limitError } from "./documentLimits.js";
import { formatError } from "./formatError.js";
import { MESSAGE_LIMIT_BYTES, OPERATIONS_PER_SOCKET } from "./limits.js";
import { isAllowedOrigin } from "./origin.js";
import { createPreparer } from "./prepareOperation.js";

const INIT_TIMEOUT_MS = 3_000;

/** Between two pings; a peer that has not answered one when the next is due is gone, or so slow that it must resume. */
const PING_INTERVAL_MS = 12_000;

const GOING_AWAY = 1001;

export interface SocketParts {
  schema: GraphQLSchema;
  newContext(signal: AbortSignal): ApiContext;
  log: ApiLog;
}

export interface GraphqlSockets {
  /** For the HTTP server's `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Refuses new sockets, tells the open ones to reconnect elsewhere (1001) and ends those that do not go within graceMs. */
  close(graceMs: number): Promise<void>;
}

export function createGraphqlSockets(parts: SocketParts): GraphqlSockets {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_LIMIT_BYTES, perMessageDeflate: false, handleProtocols });
  const protocol = makeServer(protocolOptions(parts));
  let closing = false;
  return {
    upgrade(request, socket, head) {
      socket.on("error", () => socket.destroy());
      const refusal = closing ? "503 Service Unavailable" : refusalOf(request);
      if (refusal) socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      else sockets.handleUpgrade(request, socket, head, (opened) => serve(protocol, opened, request, parts.log));
    },
    async close(graceMs) {
      closing = true;
      await closeAll(sockets, graceMs);
    },
  };
}

function refusalOf(request: IncomingMessage): string | undefined {
  const path = (request.url ?? "/").split("?", 1)[0];
  if (path !== "/graphql") return "404 Not Found";
  return isAllowedOrigin(request.headers.origin, request.headers.host) ? undefined : "403 Forbidden";
}

interface SocketExtra {
  request: IncomingMessage;
  /** Fires when the socket closes. */
  gone: AbortSignal;
}

function protocolOptions({ schema, newContext, log }: SocketParts): ServerOptions<Record<string, unknown>, SocketExtra> {
  const prepare = createPreparer(schema);
  return {
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onSubscribe(context, _id, payload) {
      if (Object.keys(context.subscriptions).length > OPERATIONS_PER_SOCKET) {
        return [limitError(`At most ${OPERATIONS_PER_SOCKET} operations may run on one socket.`)];
      }
      const prepared = prepare(payload.query);
      if (Array.isArray(prepared)) return prepared;
      return {
        schema,
        document: prepared,
        operationName: payload.operationName,
        variableValues: payload.variables,
        contextValue: newContext(context.extra.gone),
      };
    },
    onNext: (_context, _id, _payload, _args, result) =>
      result.errors ? { ...result, errors: result.errors.map((error) => formatError(error, log)) } : undefined,
    onError: (_context, _id, _payload, errors) => errors.map((error) => formatError(error, log)),
  };
}

function serve(protocol: Server<SocketExtra>, socket: WebSocket, request: IncomingMessage, log: ApiLog): void {
  // `ws` closes the socket itself, with the code that fits (1009 for a message that is too large).
  socket.on("error", (error) => log.warn({ err: error }, "A WebSocket failed"));
  const stopPinging = keepAlive(socket);
  const gone = new AbortController();
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      // Resolves when the message has left the process: that is what makes a slow reader slow down its subscriptions.
      send: (message) => new Promise((resolve, reject) => {
        if (socket.readyState !== socket.OPEN) resolve();
        else socket.send(message, (error) => (error ? reject(error) : resolve()));
      }),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) => socket.on("message", (data) => {
        handle(String(data)).catch((error: unknown) => failSocket(socket, log, error));
      }),
    },
    { request, gone: gone.signal },
  );
  socket.once("close", (code, reason) => {
    stopPinging();
    gone.abort();
    Promise.resolve(closed(code, String(reason))).catch((error: unknown) => log.error({ err: error }, "A WebSocket's subscriptions did not end"));
  });
}

function failSocket(socket: WebSocket, log: ApiLog, error: unknown): void {
  // A write that failed because the peer has just gone is no failure of ours.
  if (socket.readyState !== socket.OPEN) return;
  log.error({ err: error }, "A WebSocket message could not be handled");
  socket.close(CloseCode.InternalServerError, "Internal server error");
}

function keepAlive(socket: WebSocket): () => void {
  let alive = true;
  socket.on("pong", () => {
    alive = true;
  });
  const timer = setInterval(() => {
    if (!alive) {
      socket.terminate();
      return;
    }
    alive = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, PING_INTERVAL_MS);
  return () => clearInterval(timer);
}

async function closeAll(sockets: WebSocketServer, graceMs: number): Promise<void> {
  const open = [...sockets.clients];
  const allClosed = Promise.all(open.map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()))));
  for (const socket of open) socket.close(GOING_AWAY, "Server is going away, reconnect");
  const timer = setTimeout(() => open.forEach((socket) => socket.terminate()), graceMs);
  await allClosed;
  clearTimeout(timer);
  sockets.close();
}
