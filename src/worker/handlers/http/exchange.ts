/** One request and the redirects it leads to, followed by hand so that each hop is checked like the first. */

import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { FanwireError } from "../../../errors.js";
import { discard, readBytes } from "./body.js";
import type { HttpMethod, HttpRequest } from "./request.js";

export interface HttpAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  bytes: Buffer;
}

const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** All that goes to another origin: any other header may be a credential, whatever its name. */
const CROSS_ORIGIN_HEADERS = new Set(["accept", "accept-encoding", "accept-language", "content-type", "user-agent"]);

interface Hop {
  url: URL;
  method: HttpMethod;
  headers: Map<string, string>;
  body: string | null;
}

/**
 * The final answer, whatever its status.
 * @throws FanwireError HTTP_ADDRESS_REFUSED, HTTP_TOO_LARGE, HTTP_FAILED (a redirect that leads nowhere);
 *   what undici throws for connections that fail; the signal's reason
 */
export async function exchange(agent: Dispatcher, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  let hop: Hop = request;
  for (let redirects = 0; ; redirects += 1) {
    const { statusCode: status, headers, body } = await agent.request({
      origin: hop.url.origin, path: hop.url.pathname + hop.url.search, method: hop.method,
      headers: Object.fromEntries(hop.headers), body: hop.body, signal,
    });
    const location = single(headers["location"]);
    if (!REDIRECTS.has(status) || location === undefined) {
      const bytes = await readAnswer(hop.method, status, headers, body).catch((error: unknown) => {
        // The status says more than what is wrong with the page that comes with it.
        if (status < 400 || signal.aborted) throw error;
        return Buffer.alloc(0);
      });
      return { status, headers, bytes };
    }
    discard(body);
    if (redirects === MOST_REDIRECTS) throw new FanwireError("HTTP_FAILED", `More than ${MOST_REDIRECTS} redirects`, { retryable: false });
    hop = nextHop(hop, status, location);
    signal.throwIfAborted();
  }
}

async function readAnswer(method: HttpMethod, status: number, headers: HttpAnswer["headers"], body: Readable): Promise<Buffer> {
  // An answer to HEAD announces the encoding and the length of a body that does not come.
  if (method === "HEAD" || status === 204 || status === 304) return readBytes(body, undefined, undefined);
  return readBytes(body, single(headers["content-encoding"]), single(headers["content-length"]));
}

function nextHop(hop: Hop, status: number, location: string): Hop {
  if (!URL.canParse(location, hop.url.href)) throw new FanwireError("HTTP_FAILED", "A redirect to something that is no URL", { retryable: false });
  const url = new URL(location, hop.url);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new FanwireError("HTTP_FAILED", `A redirect to ${url.protocol}, which is neither http: nor https:`, { retryable: false });
  }
  const headers = url.origin === hop.url.origin ? new Map(hop.headers)
    : new Map([...hop.headers].filter(([name]) => CROSS_ORIGIN_HEADERS.has(name)));
  const becomesGet = (status === 303 && hop.method !== "HEAD") || ((status === 301 || status === 302) && hop.method === "POST");
  if (!becomesGet) return { url, headers, method: hop.method, body: hop.body };
  for (const name of [...headers.keys()]) if (name.startsWith("content-")) headers.delete(name);
  return { url, headers, method: "GET", body: null };
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}
