/** Reads the JSON body of a request: bounded, uncompressed, UTF-8 only. */

import type { IncomingMessage } from "node:http";
import { BODY_LIMIT_BYTES } from "./limits.js";

/** A request that is refused before GraphQL sees it; the message is for the client. */
export class RequestRefused extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
    this.name = "RequestRefused";
  }
}

/** @throws RequestRefused 400, 413, 415 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  checkHeaders(request);
  const bytes = await readBytes(request);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new RequestRefused(400, "BAD_REQUEST", "The body is not valid UTF-8.");
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestRefused(400, "BAD_REQUEST", `The body is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : "it cannot be read"}`);
  }
}

/** Only JSON, which a page of another origin cannot send unasked. No compression: a small body could be a large one. */
function checkHeaders(request: IncomingMessage): void {
  const [mediaType = "", ...parameters] = (request.headers["content-type"] ?? "").toLowerCase().split(";").map((part) => part.trim());
  if (mediaType !== "application/json") {
    throw new RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Send the operation as application/json.");
  }
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length).replaceAll('"', "");
  if (charset !== undefined && charset !== "utf-8" && charset !== "utf8") {
    throw new RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Only the charset utf-8 is accepted.");
  }
  if ((request.headers["content-encoding"] ?? "identity") !== "identity") {
    throw new RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Compressed bodies are not accepted.");
  }
  if (Number(request.headers["content-length"] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge();
}

function tooLarge(): RequestRefused {
  return new RequestRefused(413, "LIMIT_EXCEEDED", `The body is larger than ${BODY_LIMIT_BYTES} bytes (10 MiB).`);
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Left early, the stream must live on: destroying it would take the connection away from the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
