/** Reads the JSON body of a request: bounded, uncompressed, UTF-8 only. */

import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { LIMITS } from "../workflow/limits.js";

/** A request that is refused before GraphQL sees it; the message is for the client. */
export class RequestRefused extends Error {
  /** @param headers of the answer */
  constructor(readonly status: number, readonly code: string, message: string, readonly headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "RequestRefused";
  }
}

/** @throws RequestRefused 400, 413, 415 */
export async function readJsonBody(request: IncomingMessage, limitBytes = LIMITS.bodyBytes): Promise<unknown> {
  checkHeaders(request, limitBytes);
  const bytes = await readBytes(request, limitBytes);
  if (!isUtf8(bytes)) throw new RequestRefused(400, "BAD_REQUEST", "The body is not valid UTF-8.");
  const text = bytes.toString();
  try {
    return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch (error) {
    throw new RequestRefused(400, "BAD_REQUEST", `The body is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : "it cannot be read"}`);
  }
}

const BYTE_ORDER_MARK = "\uFEFF";

/** Only JSON, which a page of another origin cannot send unasked. No compression: a small body could be a large one. */
function checkHeaders(request: IncomingMessage, limitBytes: number): void {
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  if ((request.headers["content-encoding"] ?? "identity") !== "identity") {
    throw new RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Compressed bodies are not accepted.");
  }
  if (request.headers["content-type"] === "application/json") return;
  const [mediaType = "", ...parameters] = (request.headers["content-type"] ?? "").toLowerCase().split(";").map((part) => part.trim());
  if (mediaType !== "application/json") {
    throw new RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Send the operation as application/json.");
  }
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length).replaceAll('"', "");
  if (charset !== undefined && charset !== "utf-8" && charset !== "utf8") {
    throw new RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Only the charset utf-8 is accepted.");
  }
}

function tooLarge(limitBytes: number): RequestRefused {
  return new RequestRefused(413, "LIMIT_EXCEEDED", `The body is larger than ${limitBytes} bytes (${limitBytes / 1024 / 1024} MiB).`);
}

function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= limitBytes) return;
      // The stream lives on: destroying it would take the connection away from the answer.
      request.off("data", take);
      chunks.length = 0;
      reject(tooLarge(limitBytes));
    };
    request.on("data", take);
    request.once("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    // A client that goes away in the midst of its body.
    request.once("error", reject);
  });
}
