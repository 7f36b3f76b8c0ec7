/** GraphQL over HTTP: takes a request from node:http the short way, or to Apollo and back. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { HeaderMap } from "@apollo/server";
import type { ApolloServer, HTTPGraphQLResponse } from "@apollo/server";
import { isRefusedDocument } from "./apollo.js";
import type { ApiContext } from "./context.js";
import { checkDocumentText } from "./documentLimits.js";
import type { FindDirectOperation } from "./directExecution.js";
import { JSON_TYPE } from "./mediaTypes.js";
import { RequestRefused, readJsonBody } from "./requestBody.js";

/** @param url of a request by POST to /graphql itself there is none: nothing of it is read */
export type GraphqlHandler = (request: IncomingMessage, response: ServerResponse, url?: URL) => Promise<void>;

export interface GraphqlParts {
  apollo: ApolloServer<ApiContext>;
  findDirect: FindDirectOperation;
  newContext(signal: AbortSignal): ApiContext;
}

/** @throws RequestRefused (from the handler) what must not reach GraphQL */
export function createGraphqlHandler({ apollo, findDirect, newContext }: GraphqlParts): GraphqlHandler {
  return async (request, response, url) => {
    const body = request.method === "POST" ? await readJsonBody(request) : undefined;
    const direct = body === undefined ? undefined : findDirect(body, request.headers.accept);
    if (direct) {
      const text = await direct.execute(newContext(clientGone(response)));
      response.setHeader("content-type", direct.type);
      response.end(text);
      return;
    }
    checkDocument(body === undefined ? url?.searchParams.get("query") : queryOf(body));
    const headers = headersOf(request);
    const answer = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method ?? "GET", headers, search: url?.search ?? "", body },
      context: () => Promise.resolve(newContext(clientGone(response))),
    });
    // In application/json the status tells of HTTP alone; who asks for application/graphql-response+json keeps the 400.
    if (isRefusedDocument(headers) && answer.headers.get("content-type") === JSON_TYPE) answer.status = 200;
    await send(response, answer);
  };
}

/** Fires when the connection closes before the answer has gone out. */
function clientGone(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => { if (!response.writableFinished) controller.abort(); });
  return controller.signal;
}

function queryOf(body: unknown): unknown {
  return typeof body === "object" && body !== null ? (body as { query?: unknown }).query : undefined;
}

function checkDocument(query: unknown): void {
  const breach = typeof query === "string" ? checkDocumentText(query) : undefined;
  if (breach) throw new RequestRefused(413, "LIMIT_EXCEEDED", breach.message);
}

function headersOf(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

async function send(response: ServerResponse, answer: HTTPGraphQLResponse): Promise<void> {
  response.statusCode = answer.status ?? 200;
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  if (answer.body.kind === "complete") {
    response.end(answer.body.string);
    return;
  }
  for await (const chunk of answer.body.asyncIterator) response.write(chunk);
  response.end();
}
