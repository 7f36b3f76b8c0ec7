/**
 * One POST over node:http: a command lives for a tenth of a second, and the global fetch alone takes longer than that,
 * to load and then to let the process end.
 */

import type { IncomingMessage } from "node:http";

export interface HttpAnswer {
  status: number;
  body: string;
}

/**
 * @param authorization the header of that name
 * @param signal breaks it off: whether the server has carried it out is not known then
 * @param timeoutMs of silence on the connection
 * @throws Error as node:http gives it, with the system's code (ECONNREFUSED ...), or ETIMEDOUT
 */
export async function postJson(url: URL, body: string, timeoutMs: number, authorization?: string, signal?: AbortSignal): Promise<HttpAnswer> {
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    accept: "application/graphql-response+json, application/json",
    ...(authorization === undefined ? {} : { authorization }),
  };
  return new Promise((resolve, reject) => {
    // No agent: a connection kept alive would keep the process alive.
    const sending = request(url, { method: "POST", agent: false, headers, timeout: timeoutMs, ...(signal === undefined ? {} : { signal }) }, (message) => {
      readBody(message).then((text) => resolve({ status: message.statusCode ?? 0, body: text }), reject);
    });
    sending.on("timeout", () => sending.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
    sending.on("error", reject);
    sending.end(body);
  });
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
