/** GraphQL over server-sent events, both modes of graphql-sse: an operation per stream, or several for one; the same executions as over WebSocket. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { isAllowedOrigin } from "./origin.js";
import type { RequestRefused } from "./requestBody.js";
import { SingleConnections, tokenOf } from "./singleConnection.js";
import type { SingleConnectionParts } from "./singleConnection.js";
import { findOperation, readParameters, refused, resultOf, runOperation, STREAM_METHODS } from "./streamOperation.js";
import { EventStream } from "./subscriptions/EventStream.js";
import { StreamOutbox } from "./subscriptions/StreamOutbox.js";

export interface EventStreamParts extends Omit<SingleConnectionParts, "newStream"> {
  /** How long a client may take nothing of what its stream has for it, in ms; then the stream is cut. */
  stallMs: number;
}

export type StreamHandler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

export interface EventStreams {
  /** @throws RequestRefused 400, 403, 404, 405, 406, 409, 413, 415, 429, 503 */
  handle: StreamHandler;
  /** How many are open. */
  readonly open: number;
  /** How many are reserved and not opened. */
  readonly reserved: number;
  /** Ends all streams: their clients connect again, elsewhere. */
  close(): void;
}

export function createEventStreams(parts: EventStreamParts): EventStreams {
  const open = new Set<EventStream>();
  let closing = false;
  const newStream = (response: ServerResponse): EventStream => {
    if (closing) throw goingAway();
    const stream = new EventStream(response, parts.stallMs, parts.log);
    open.add(stream);
    response.once("close", () => open.delete(stream));
    return stream;
  };
  const single = new SingleConnections({ ...parts, newStream });
  return {
    get open() { return open.size; },
    get reserved() { return single.reserved; },
    async handle(request, response, url) {
      checkRequest(request);
      if (closing) throw goingAway();
      const token = tokenOf(request, url);
      if (request.method === "PUT") single.reserve(response);
      else if (request.method === "DELETE") single.stop(token ?? "", response, url);
      else if (token === undefined) await serveAlone(parts, newStream, request, response, url);
      else if (acceptsStream(request)) single.open(token, response);
      else await single.operate(token, request, response, url);
    },
    close() {
      closing = true;
      for (const stream of open) stream.end();
      single.close();
    },
  };
}

/** Distinct connections mode: the answer is the operation's stream. */
async function serveAlone(parts: EventStreamParts, newStream: (response: ServerResponse) => EventStream, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  if (!acceptsStream(request)) throw refused(406, "Without a stream's token only text/event-stream is served here; accept it.");
  const operation = findOperation(parts, await readParameters(request, url), request.method);
  const stream = newStream(response);
  const outbox = new StreamOutbox(stream.writer);
  if (Array.isArray(operation)) outbox.finish(resultOf(operation, parts.log));
  else await runOperation(parts, operation, outbox, stream.gone);
  stream.end();
}

/** Asked of every request: a page of another origin cannot send these methods, JSON or this header unasked, and says where it comes from. */
function checkRequest({ method, headers }: IncomingMessage): void {
  if (!STREAM_METHODS.split(", ").includes(method ?? "")) throw refused(405, `Only ${STREAM_METHODS} are answered here.`);
  if (!isAllowedOrigin(headers.origin, headers.host)) throw refused(403, "Pages of this origin may not subscribe here.");
}

function goingAway(): RequestRefused {
  return refused(503, "This server is going away; connect again.", "UNAVAILABLE");
}

function acceptsStream({ headers }: IncomingMessage): boolean {
  return (headers.accept ?? "").toLowerCase().includes("text/event-stream");
}
