/** GraphQL over WebSocket (graphql-transport-ws): the same limits and the same errors as over HTTP. */

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { DocumentNode, GraphQLError, GraphQLSchema } from "graphql";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import type { Server, ServerOptions } from "graphql-ws";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { ApiLog } from "./ApiLog.js";
import type { ApiContext } from "./context.js";
import { limitError } from "./documentLimits.js";
import { formatError } from "./formatError.js";
import { LIMITS } from "../workflow/limits.js";
import { OPERATIONS_PER_CONNECTION } from "./limits.js";
import { isAllowedOrigin } from "./origin.js";
import type { SubscriptionArgs } from "./subscriptions/operation.js";
import type { SharedSubscriptions } from "./subscriptions/SharedSubscriptions.js";
import { SocketKeeper } from "./subscriptions/SocketKeeper.js";
import { SocketOutbox } from "./subscriptions/SocketOutbox.js";
import { Subscriber } from "./subscriptions/Subscriber.js";
import { TurnWriter } from "./subscriptions/TurnWriter.js";

const INIT_TIMEOUT_MS = 3_000;

const GOING_AWAY = 1001;

export interface SocketParts {
  schema: GraphQLSchema;
  /** From a document's text to the document, or what is wrong with it. */
  prepare(text: string): DocumentNode | GraphQLError[];
  newContext(signal: AbortSignal): ApiContext;
  subscriptions: SharedSubscriptions;
  /** How long a socket may take nothing of what was sent to it, in ms; then it is closed with 1013. */
  stallMs: number;
  log: ApiLog;
}

export interface GraphqlSockets {
  /** For the HTTP server's `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** How many are open. */
  readonly open: number;
  /** Refuses new sockets, tells the open ones to reconnect elsewhere (1001) and ends those that do not go within graceMs. */
  close(graceMs: number): Promise<void>;
}

export function createGraphqlSockets(parts: SocketParts): GraphqlSockets {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LIMITS.messageBytes, perMessageDeflate: false, handleProtocols });
  const protocol = makeServer(protocolOptions(parts));
  const keeper = new SocketKeeper(parts.stallMs, parts.log);
  let closing = false;
  return {
    get open() { return sockets.clients.size; },
    upgrade(request, socket, head) {
      socket.on("error", () => socket.destroy());
      const refusal = closing ? "503 Service Unavailable" : refusalOf(request);
      if (refusal) socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      else sockets.handleUpgrade(request, socket, head, (opened) => serve({ protocol, keeper, log: parts.log }, opened, socket as Socket));
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
  writer: TurnWriter;
  /** Fires when the socket closes. */
  gone: AbortSignal;
}

/** What a subscription is executed with, and where its payloads go. */
interface SocketArgs extends SubscriptionArgs {
  outbox: SocketOutbox;
}

function protocolOptions({ schema, prepare, newContext, subscriptions, log }: SocketParts): ServerOptions<Record<string, unknown>, SocketExtra> {
  return {
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onSubscribe(context, id, payload): readonly GraphQLError[] | SocketArgs {
      if (Object.keys(context.subscriptions).length > OPERATIONS_PER_CONNECTION) {
        return [limitError(`At most ${OPERATIONS_PER_CONNECTION} operations may run on one socket.`)];
      }
      const prepared = prepare(payload.query);
      if (Array.isArray(prepared)) return prepared;
      return {
        schema,
        document: prepared,
        operationName: payload.operationName,
        variableValues: payload.variables,
        contextValue: newContext(context.extra.gone),
        outbox: new SocketOutbox(context.extra.writer, id),
      };
    },
    async subscribe(args) {
      const { outbox, ...operation } = args as SocketArgs;
      const subscribed = await subscriptions.subscribe(operation, outbox);
      return subscribed instanceof Subscriber ? silentResults(subscribed) : subscribed;
    },
    onNext: (_context, _id, _payload, _args, result) =>
      result.errors ? { ...result, errors: result.errors.map((error) => formatError(error, log)) } : undefined,
    onError: (_context, _id, _payload, errors) => errors.map((error) => formatError(error, log)),
  };
}

/** What graphql-ws follows of a subscription: its end or its error. The results go to the socket past it. */
function silentResults(subscriber: Subscriber): AsyncGenerator<never> {
  const over = { value: undefined, done: true } as const;
  const results = {
    next: () => subscriber.done.then(() => over),
    return: () => {
      subscriber.stop();
      return Promise.resolve(over);
    },
    throw: () => {
      subscriber.stop();
      return Promise.resolve(over);
    },
    [Symbol.asyncIterator]: () => results,
  };
  return results as unknown as AsyncGenerator<never>;
}

interface Serving {
  protocol: Server<SocketExtra>;
  keeper: SocketKeeper;
  log: ApiLog;
}

function serve({ protocol, keeper, log }: Serving, socket: WebSocket, stream: Socket): void {
  // `ws` closes the socket itself, with the code that fits (1009 for a message that is too large).
  socket.on("error", (error) => log.warn({ err: error }, "A WebSocket failed"));
  keeper.keep(socket, stream);
  const gone = new AbortController();
  const writer = new TurnWriter({ stream, isOpen: () => socket.readyState === socket.OPEN });
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      // Resolves when the message has left the process: that is what makes a slow reader slow down its operations.
      send: (message) => new Promise((resolve, reject) => {
        writer.flush();
        if (socket.readyState !== socket.OPEN) resolve();
        else socket.send(message, (error) => (error ? reject(error) : resolve()));
      }),
      close: (code, reason) => {
        writer.flush();
        socket.close(code, reason);
      },
      onMessage: (handle) => socket.on("message", (data) => {
        handle(String(data)).catch((error: unknown) => failSocket(socket, log, error));
      }),
    },
    { writer, gone: gone.signal },
  );
  socket.once("close", (code, reason) => {
    keeper.forget(socket);
    writer.close();
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

async function closeAll(sockets: WebSocketServer, graceMs: number): Promise<void> {
  const open = [...sockets.clients];
  const allClosed = Promise.all(open.map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()))));
  for (const socket of open) socket.close(GOING_AWAY, "Server is going away, reconnect");
  const timer = setTimeout(() => open.forEach((socket) => socket.terminate()), graceMs);
  await allClosed;
  clearTimeout(timer);
  sockets.close();
}
