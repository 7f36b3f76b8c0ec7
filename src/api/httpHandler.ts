/** Every HTTP path of the server. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiLog } from "./ApiLog.js";
import type { StreamHandler } from "./eventStream.js";
import type { PageHandler } from "./builtPage.js";
import { formatError } from "./formatError.js";
import type { GraphqlHandler } from "./graphqlHttp.js";
import { METRICS_TYPE } from "./metrics.js";
import { RequestRefused } from "./requestBody.js";

export interface HttpParts {
  graphql: GraphqlHandler;
  eventStreams: StreamHandler;
  /** By the first part of their paths. */
  pages: ReadonlyMap<string, PageHandler>;
  /** Whether new work can be taken: false while Redis is away and while the server stops. */
  ready(): Promise<boolean>;
  /** Numbers for Prometheus. */
  metrics(): Promise<string>;
  log: ApiLog;
}

export function createHttpHandler(parts: HttpParts): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    response.setHeader("x-content-type-options", "nosniff");
    route(parts, request, response).catch((error: unknown) => sendFailure(parts.log, request, response, error));
  };
}

async function route(parts: HttpParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Nearly every request: there is nothing to take apart.
  if (request.method === "POST" && request.url === "/graphql") return parts.graphql(request, response);
  const url = parseUrl(request);
  const path = url.pathname;
  if (path === "/graphql") {
    if (isBrowserVisit(request, url)) redirect(response, "/graphiql");
    else await parts.graphql(request, response, url);
    return;
  }
  if (path === "/graphql/stream") {
    await parts.eventStreams(request, response, url);
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new RequestRefused(405, "BAD_REQUEST", "Only GET and HEAD are answered here.", { allow: "GET, HEAD" });
  }
  if (path === "/") redirect(response, "/graphiql");
  else if (path === "/healthz") sendJson(response, 200, { status: "ok" });
  else if (path === "/readyz") await sendReadiness(parts, response);
  else if (path === "/metrics") send(response, 200, METRICS_TYPE, await parts.metrics());
  else await sendPage(parts, request, response, path);
}

async function sendPage(parts: HttpParts, request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  const page = parts.pages.get(path.split("/")[1] ?? "");
  if (!page) throw new RequestRefused(404, "NOT_FOUND", "There is nothing here.");
  if (!(await page(request, response, path))) {
    throw new RequestRefused(404, "NOT_FOUND", "There is no such file; if it is the page itself, run `npm run build`.");
  }
}

function parseUrl(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? "/", "http://server");
  } catch {
    throw new RequestRefused(400, "BAD_REQUEST", "The request's target is not a URL.");
  }
}

/** Someone who opens the API's own address in a browser wants the page. */
function isBrowserVisit(request: IncomingMessage, url: URL): boolean {
  return request.method === "GET" && !url.searchParams.has("query") && (request.headers.accept ?? "").includes("text/html");
}

function redirect(response: ServerResponse, location: string): void {
  response.statusCode = 302;
  response.setHeader("location", location);
  response.end();
}

async function sendReadiness(parts: HttpParts, response: ServerResponse): Promise<void> {
  const ready = await parts.ready().catch(() => false);
  sendJson(response, ready ? 200 : 503, { ready });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, "application/json; charset=utf-8", JSON.stringify(body));
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", type);
  response.setHeader("cache-control", "no-store");
  response.end(text);
}

function sendFailure(log: ApiLog, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // The client has gone, or the answer has begun: nobody is left to tell.
  if (response.headersSent || request.destroyed && !request.complete) {
    response.destroy();
    return;
  }
  // A client that is still sending reads the answer only afterwards: take the rest and drop it, until the server's requestTimeout.
  request.resume();
  if (error instanceof RequestRefused) {
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
    sendJson(response, error.status, { errors: [{ message: error.message, extensions: { code: error.code } }] });
    return;
  }
  sendJson(response, 500, { errors: [formatError(error, log)] });
}
