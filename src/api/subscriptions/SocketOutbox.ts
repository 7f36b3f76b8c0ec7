/** One subscription's side of a WebSocket: its payloads become frames here. */

import type { Outbox } from "./Outbox.js";
import { allocate, type TurnWriter } from "./TurnWriter.js";

const CLOSING_BRACE = 0x7d;

/** One subscription's `next` messages. */
export class SocketOutbox implements Outbox {
  readonly #prefix: Buffer;

  constructor(private readonly writer: TurnWriter, id: string) {
    this.#prefix = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  }

  get full(): boolean {
    return this.writer.full;
  }

  whenFree(listener: () => void): void {
    this.writer.whenFree(listener);
  }

  put(payloads: readonly Buffer[]): void {
    const around = this.#prefix.length + 1;
    let bytes = 0;
    for (const payload of payloads) bytes += headerBytes(around + payload.length) + around + payload.length;
    const frames = allocate(bytes);
    let at = 0;
    for (const payload of payloads) {
      at = writeHeader(frames, at, around + payload.length);
      frames.set(this.#prefix, at);
      frames.set(payload, at + this.#prefix.length);
      at += around + payload.length;
      frames[at - 1] = CLOSING_BRACE;
    }
    this.writer.write(frames);
  }
}

function headerBytes(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}

/** Of a text frame that is whole and, as a server's, not masked (RFC 6455, 5.2). @returns where the payload begins */
function writeHeader(out: Buffer, start: number, length: number): number {
  out[start] = 0x81;
  if (length < 126) {
    out[start + 1] = length;
    return start + 2;
  }
  if (length < 65_536) {
    out[start + 1] = 126;
    out.writeUInt16BE(length, start + 2);
    return start + 4;
  }
  out[start + 1] = 127;
  out.writeBigUInt64BE(BigInt(length), start + 2);
  return start + 10;
}
