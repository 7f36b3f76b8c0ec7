/** What the http handler is asked to send: its input, checked and with defaults. */

import { isObject } from "../../../workflow/json.js";
import type { JsonObject, JsonValue } from "../../../workflow/json.js";
import { DURATION_SCHEMA, readDurationMs } from "../duration.js";
import { invalidInput, optional, readFields, readInteger, readString } from "../input.js";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type HttpMethod = (typeof METHODS)[number];

export interface HttpRequest {
  url: URL;
  method: HttpMethod;
  /** Names in lower case. */
  headers: Map<string, string>;
  body: string | null;
  /** Of the whole exchange: connecting, every redirect, the last byte of the body. */
  timeoutMs: number;
  /** Statuses that are worth another attempt besides those that always are. */
  retryOn: ReadonlySet<number>;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const LONGEST_TIMEOUT_MS = 24 * 3_600_000;
const FIELDS = ["url", "method", "headers", "query", "body", "timeout", "retryOn"] as const;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What Node sends without trouble: visible Latin-1, space and tab; above all no line break. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** They frame the message or choose its receiver; both are decided by the URL and the body alone. */
const RESERVED_HEADERS = new Set([
  "host", "connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-authorization", "proxy-connection",
  "te", "trailer", "transfer-encoding", "upgrade",
]);

export const HTTP_INPUT_SCHEMA: JsonValue = {
  type: "object",
  properties: {
    url: { type: "string", format: "uri", description: "http or https." },
    method: { type: "string", enum: [...METHODS], default: "GET" },
    headers: { type: "object", additionalProperties: { type: ["string", "number", "boolean", "null"] }, description: "A header that is null is not sent." },
    query: { type: "object", description: "Parameters added to the URL: a scalar, or a list to repeat one. Null is left out." },
    body: { description: "A string is sent as it is, any other value as JSON; null sends none." },
    timeout: { ...DURATION_SCHEMA, default: "30s" },
    retryOn: {
      type: "array", items: { type: "integer", minimum: 400, maximum: 599 },
      description: "Statuses that are retryable besides 408, 425, 429 and all from 500 on.",
    },
  },
  required: ["url"],
  additionalProperties: false,
};

/** @throws FanwireError INPUT_INVALID */
export function readRequest(input: JsonValue): HttpRequest {
  const fields = readFields(input, FIELDS);
  const headers = optional(fields, "headers", readHeaders) ?? new Map<string, string>();
  const body = readBody(fields["body"] ?? null, headers);
  if (!headers.has("user-agent")) headers.set("user-agent", "fanwire");
  if (!headers.has("accept")) headers.set("accept", "application/json, */*;q=0.8");
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "gzip, br");
  return {
    url: readUrl(fields), method: optional(fields, "method", readMethod) ?? "GET", headers, body,
    timeoutMs: optional(fields, "timeout", readTimeoutMs) ?? DEFAULT_TIMEOUT_MS,
    retryOn: optional(fields, "retryOn", readStatuses) ?? new Set<number>(),
  };
}

function readUrl(fields: JsonObject): URL {
  const text = readString(fields["url"], "url");
  if (!URL.canParse(text)) throw invalidInput("url", "must be an absolute URL");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw invalidInput("url", "must start with http: or https:");
  if (url.username !== "" || url.password !== "") throw invalidInput("url", "must not carry credentials; send them in a header");
  url.hash = "";
  const query = optional(fields, "query", readQuery) ?? [];
  for (const [name, value] of query) url.searchParams.append(name, value);
  return url;
}

function readQuery(query: JsonValue, field: string): [string, string][] {
  if (!isObject(query)) throw invalidInput(field, "must be an object");
  return Object.entries(query).flatMap(([name, value]) => (Array.isArray(value) ? value : [value])
    .filter((item) => item !== null)
    .map((item): [string, string] => [name, readScalar(item, `${field}.${name}`)]));
}

function readHeaders(headers: JsonValue, field: string): Map<string, string> {
  if (!isObject(headers)) throw invalidInput(field, "must be an object");
  const read = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const where = `${field}.${name}`;
    if (!HEADER_NAME.test(name)) throw invalidInput(where, "is not a header's name");
    const key = name.toLowerCase();
    if (RESERVED_HEADERS.has(key)) throw invalidInput(where, "is set by the handler itself");
    if (read.has(key)) throw invalidInput(where, "is given twice, in different cases");
    if (value === null) continue;
    const text = readScalar(value, where);
    if (!HEADER_VALUE.test(text)) throw invalidInput(where, "has characters that a header may not have");
    read.set(key, text);
  }
  return read;
}

function readScalar(value: JsonValue, field: string): string {
  if (typeof value === "object") throw invalidInput(field, "must be a string, a number or a boolean");
  return String(value);
}

function readMethod(value: JsonValue, field: string): HttpMethod {
  const method = METHODS.find((known) => typeof value === "string" && known === value.toUpperCase());
  if (method === undefined) throw invalidInput(field, `must be one of ${METHODS.join(", ")}`);
  return method;
}

function readBody(value: JsonValue, headers: Map<string, string>): string | null {
  if (value === null) return null;
  const isText = typeof value === "string";
  if (!headers.has("content-type")) headers.set("content-type", isText ? "text/plain;charset=utf-8" : "application/json");
  return isText ? value : JSON.stringify(value);
}

function readTimeoutMs(value: JsonValue, field: string): number {
  const timeoutMs = readDurationMs(value, field, LONGEST_TIMEOUT_MS);
  if (timeoutMs === 0) throw invalidInput(field, "must be longer than nothing");
  return timeoutMs;
}

function readStatuses(value: JsonValue, field: string): Set<number> {
  if (!Array.isArray(value)) throw invalidInput(field, "must be a list of statuses");
  return new Set(value.map((status, index) => readInteger(status, `${field}[${index}]`, 400, 599)));
}
