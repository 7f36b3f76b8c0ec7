/** The handler `http`: one request to the outside world, kept away from the inside. */

import type { Agent } from "undici";
import { FanwireError } from "../../errors.js";
import type { Handler, HandlerContext } from "../../engine/handlers.js";
import type { JsonObject, JsonValue } from "../../workflow/json.js";
import { httpAgent } from "./http/addresses.js";
import type { AddressPolicy } from "./http/addresses.js";
import { decodeBody } from "./http/body.js";
import { exchange } from "./http/exchange.js";
import type { HttpAnswer } from "./http/exchange.js";
import { HTTP_INPUT_SCHEMA, readRequest } from "./http/request.js";
import type { HttpRequest } from "./http/request.js";

/** Worth another attempt: the server asked for patience (408, 425, 429), or may be well again soon (5xx). */
const RETRYABLE_STATUSES = new Set([408, 425, 429]);
/** Of an error's body, enough to see what the other side complained about. */
const MOST_ERROR_TEXT = 2048;

export function httpHandler(policy: AddressPolicy): Handler {
  const agent = httpAgent(policy);
  return {
    name: "http",
    description: "Sends one HTTP request. A status of 400 and above fails with HTTP_<status>.",
    builtIn: true,
    inputSchema: HTTP_INPUT_SCHEMA,
    outputSchema: {
      type: "object",
      properties: {
        status: { type: "integer" },
        headers: { type: "object", description: "Names in lower case; set-cookie is a list." },
        body: { description: "JSON parsed when the content type says so, else text, or {base64} when it is no text." },
      },
      required: ["status", "headers", "body"],
    },
    run: (context) => runHttp(agent, context),
  };
}

async function runHttp(agent: Agent, context: HandlerContext): Promise<JsonValue> {
  const request = readRequest(context.input);
  const answer = await withinTime(context.signal, request, (signal) => exchange(agent, request, signal));
  if (answer.status >= 400) throw statusError(answer, request);
  return { status: answer.status, headers: plainHeaders(answer), body: decodeBody(answer.bytes, contentType(answer)) };
}

/** Runs the exchange under the attempt's signal and the request's own timeout, and gives every failure its code. */
async function withinTime<T>(attempt: AbortSignal, request: HttpRequest, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  // undici opens a connection for a request that was aborted before it began.
  if (attempt.aborted) throw abortError(attempt.reason);
  const controller = new AbortController();
  const stop = (): void => controller.abort(attempt.reason);
  const timer = setTimeout(() => {
    controller.abort(new FanwireError("TIMEOUT", `No complete answer from ${request.url.origin} within ${request.timeoutMs} ms`));
  }, request.timeoutMs);
  attempt.addEventListener("abort", stop, { once: true });
  try {
    return await run(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) throw abortError(controller.signal.reason);
    throw error instanceof FanwireError ? error : connectionError(error, request);
  } finally {
    clearTimeout(timer);
    attempt.removeEventListener("abort", stop);
  }
}

function abortError(reason: unknown): FanwireError {
  return reason instanceof FanwireError ? reason : new FanwireError("CANCELLED", "The attempt was told to stop", { cause: reason });
}

/** Names the origin only: path and query may hold secrets. */
function connectionError(error: unknown, request: HttpRequest): FanwireError {
  const { code, name, message } = error as NodeJS.ErrnoException;
  const reason = code ?? name;
  return new FanwireError("HTTP_FAILED", `${request.method} ${request.url.origin} failed: ${message === "" ? reason : `${reason}, ${message}`}`, {
    details: { cause: reason }, cause: error,
  });
}

function statusError(answer: HttpAnswer, { method, url, retryOn }: HttpRequest): FanwireError {
  const { status } = answer;
  const retryAfter = answer.headers["retry-after"];
  const body = answer.bytes.subarray(0, MOST_ERROR_TEXT).toString("utf8");
  return new FanwireError(`HTTP_${status}`, `${method} ${url.origin} answered ${status}`, {
    retryable: status >= 500 || RETRYABLE_STATUSES.has(status) || retryOn.has(status),
    details: { status, body, ...(typeof retryAfter === "string" ? { retryAfter } : {}) },
  });
}

function contentType(answer: HttpAnswer): string | undefined {
  const header = answer.headers["content-type"];
  return Array.isArray(header) ? header[0] : header;
}

function plainHeaders(answer: HttpAnswer): JsonObject {
  const entries = Object.entries(answer.headers).flatMap(([name, value]): [string, JsonValue][] => {
    if (value === undefined) return [];
    if (name === "set-cookie") return [[name, Array.isArray(value) ? value : [value]]];
    return [[name, Array.isArray(value) ? value.join(", ") : value]];
  });
  return Object.fromEntries(entries);
}
