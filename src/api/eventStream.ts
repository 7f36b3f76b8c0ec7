/** GraphQL over server-sent events (graphql-sse's distinct connections mode): one operation per request, the same executions as over WebSocket. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { execute, getOperationAST, GraphQLError } from "graphql";
import type { DocumentNode, ExecutionResult, GraphQLSchema, OperationDefinitionNode } from "graphql";
import type { ApiLog } from "./ApiLog.js";
import type { ApiContext } from "./context.js";
import { formatError } from "./formatError.js";
import { isAllowedOrigin } from "./origin.js";
import { readJsonBody, RequestRefused } from "./requestBody.js";
import { EventStream } from "./subscriptions/EventStream.js";
import type { SharedSubscriptions } from "./subscriptions/SharedSubscriptions.js";
import { Subscriber } from "./subscriptions/Subscriber.js";

export interface EventStreamParts {
  schema: GraphQLSchema;
  /** From a document's text to the document, or what is wrong with it. */
  prepare(text: string): DocumentNode | GraphQLError[];
  newContext(signal: AbortSignal): ApiContext;
  subscriptions: SharedSubscriptions;
  /** How long a client may take nothing of what its stream has for it, in ms; then the stream is cut. */
  stallMs: number;
  log: ApiLog;
}

export type StreamHandler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

export interface EventStreams {
  /** @throws RequestRefused 400, 403, 405, 406, 413, 415 */
  handle: StreamHandler;
  /** Ends all streams: their clients connect again, elsewhere. */
  close(): void;
}

interface Parameters {
  query: string;
  variables: Record<string, unknown> | null | undefined;
  operationName: string | null | undefined;
}

export function createEventStreams(parts: EventStreamParts): EventStreams {
  const open = new Set<EventStream>();
  return {
    async handle(request, response, url) {
      response.setHeader("allow", "GET, POST");
      checkRequest(request);
      const parameters = readParameters(request.method === "POST" ? await readJsonBody(request) : parametersOf(url));
      const document = parts.prepare(parameters.query);
      const operation = Array.isArray(document) ? undefined : getOperationAST(document, parameters.operationName);
      if (request.method === "GET" && operation?.operation === "mutation") throw refused(405, "Mutations are sent by POST.");
      response.removeHeader("allow");
      const stream = new EventStream(response, parts.stallMs, parts.log);
      open.add(stream);
      response.once("close", () => open.delete(stream));
      if (Array.isArray(document)) stream.finish(resultOf(document, parts.log));
      else if (!operation) stream.finish(resultOf([new GraphQLError("The document has no such operation, or several and no operationName.")], parts.log));
      else await run(parts, stream, operation, { ...parameters, document });
    },
    close() {
      for (const stream of open) stream.end();
    },
  };
}

/** Asked of every request: a page of another origin cannot send JSON or this header unasked, and says where it comes from. */
function checkRequest({ method, headers }: IncomingMessage): void {
  if (method !== "GET" && method !== "POST") throw refused(405, "Only GET and POST are answered here: one operation per request.");
  if (!isAllowedOrigin(headers.origin, headers.host)) throw refused(403, "Pages of this origin may not subscribe here.");
  const accepted = (headers.accept ?? "").toLowerCase();
  if (!accepted.includes("text/event-stream")) throw refused(406, "Only text/event-stream is served here; accept it.");
}

function refused(status: number, message: string): RequestRefused {
  return new RequestRefused(status, "BAD_REQUEST", message);
}

function parametersOf({ searchParams }: URL): unknown {
  const variables = searchParams.get("variables");
  let parsed: unknown;
  try {
    parsed = variables === null ? undefined : JSON.parse(variables);
  } catch {
    throw refused(400, "The parameter `variables` is not JSON.");
  }
  return { query: searchParams.get("query") ?? undefined, operationName: searchParams.get("operationName"), variables: parsed };
}

function readParameters(body: unknown): Parameters {
  const { query, variables, operationName } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof query !== "string") throw refused(400, "`query` must be the text of a GraphQL document.");
  if (variables !== undefined && (typeof variables !== "object" || Array.isArray(variables))) throw refused(400, "`variables` must be an object.");
  if (operationName !== undefined && operationName !== null && typeof operationName !== "string") throw refused(400, "`operationName` must be text.");
  return { query, operationName, variables: variables as Parameters["variables"] };
}

async function run(parts: EventStreamParts, stream: EventStream, operation: OperationDefinitionNode, { document, operationName, variables }: Parameters & { document: DocumentNode }): Promise<void> {
  const args = { schema: parts.schema, document, operationName, variableValues: variables, contextValue: parts.newContext(stream.gone) };
  try {
    if (operation.operation !== "subscription") {
      stream.finish(shown(await execute(args), parts.log));
      return;
    }
    const subscribed = await parts.subscriptions.subscribe(args, stream);
    if (!(subscribed instanceof Subscriber)) return stream.finish(shown(subscribed, parts.log));
    stream.gone.addEventListener("abort", () => subscribed.stop());
    if (stream.gone.aborted) subscribed.stop();
    await subscribed.done;
    stream.finish();
  } catch (error) {
    // The answer has begun, so the error is a result like any other.
    stream.finish(resultOf([error], parts.log));
  }
}

function shown(result: ExecutionResult, log: ApiLog): ExecutionResult {
  return result.errors ? ({ ...result, errors: result.errors.map((error) => formatError(error, log)) } as unknown as ExecutionResult) : result;
}

function resultOf(errors: readonly unknown[], log: ApiLog): ExecutionResult {
  return { errors: errors.map((error) => formatError(error, log)) } as unknown as ExecutionResult;
}
