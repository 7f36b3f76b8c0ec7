/** Reading an answer's body: never more than the limit, counted after decompression, then as JSON, text or bytes. */

import { pipeline } from "node:stream";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { FanwireError } from "../../../errors.js";
import type { JsonValue } from "../../../workflow/json.js";

export const MOST_BODY_BYTES = 5 * 1024 * 1024;

const DECODERS = new Map<string, () => NodeJS.ReadWriteStream & Readable>([
  ["gzip", createGunzip], ["x-gzip", createGunzip], ["deflate", createInflate], ["br", createBrotliDecompress],
]);

function tooLarge(): FanwireError {
  return new FanwireError("HTTP_TOO_LARGE", `The answer is larger than ${MOST_BODY_BYTES} bytes`);
}

/**
 * The whole body, decompressed; leaves the stream consumed or destroyed.
 * @throws FanwireError HTTP_TOO_LARGE as soon as the limit is passed; HTTP_FAILED for an encoding it does not know;
 *   whatever the connection or the decompression throws
 */
export async function readBytes(body: Readable, contentEncoding: string | undefined, contentLength: string | undefined): Promise<Buffer> {
  try {
    if (Number(contentLength) > MOST_BODY_BYTES) throw tooLarge();
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of decompressed(body, contentEncoding) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MOST_BODY_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    discard(body);
  }
}

/** Ends a body that nobody will read on. An unread one fails with the abort that this is, which must not go unheard. */
export function discard(body: Readable): void {
  body.on("error", () => undefined).destroy();
}

function decompressed(body: Readable, contentEncoding: string | undefined): Readable {
  const encodings = (contentEncoding ?? "").toLowerCase().split(",").map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  if (encodings.length === 0) return body;
  const decoder = encodings.length === 1 ? DECODERS.get(encodings[0]!)?.() : undefined;
  if (decoder === undefined) throw new FanwireError("HTTP_FAILED", "The answer has a content-encoding that was not asked for", { retryable: false });
  // Its callback has nothing to add: every error also surfaces in the iteration over the decoder.
  return pipeline(body, decoder, () => undefined) as unknown as Readable;
}

const JSON_TYPE = /^application\/(?:json|[\w.!#$&^-]+\+json)$/;

/**
 * JSON when the content type says so (null when empty), text in its charset (UTF-8 unless it names another), and
 * `{base64}` for what is no text in that charset.
 * @throws FanwireError HTTP_FAILED when it is announced as JSON and is none
 */
export function decodeBody(bytes: Buffer, contentType: string | undefined): JsonValue {
  const text = decodeText(bytes, contentType);
  if (!JSON_TYPE.test(mediaType(contentType))) return text ?? { base64: bytes.toString("base64") };
  if (bytes.length === 0) return null;
  try {
    return JSON.parse(text ?? "") as JsonValue;
  } catch (cause) {
    throw new FanwireError("HTTP_FAILED", "The answer says it is JSON but cannot be parsed", { cause });
  }
}

function decodeText(bytes: Buffer, contentType: string | undefined): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? "")?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function mediaType(contentType: string | undefined): string {
  return (contentType ?? "").split(";")[0]!.trim().toLowerCase();
}
