/** Writes WebSocket frames: everything that one turn of the event loop brings for a socket leaves in one write. */

import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Outbox } from "./Outbox.js";

/** What may wait for the turn's end, in bytes. */
const PENDING_BYTES = 64 * 1024;

/** Writes per turn of the event loop, about a thousandth of a second each hundred. */
const WRITES_PER_TURN = 256;

/** Frames are built in larger pieces of memory: a piece for each would cost more than the copying. */
const SLAB_BYTES = 256 * 1024;

let slab = Buffer.allocUnsafeSlow(0);
let slabUsed = 0;

function allocate(bytes: number): Buffer {
  if (bytes > SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(bytes);
  if (slabUsed + bytes > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    slabUsed = 0;
  }
  slabUsed += bytes;
  return slab.subarray(slabUsed - bytes, slabUsed);
}

/** Writers with something to write, in the order in which they got it. */
let due: SocketWriter[] = [];
let scheduled = false;

function writeDue(): void {
  const now = due.slice(0, WRITES_PER_TURN);
  due = due.slice(WRITES_PER_TURN);
  scheduled = due.length > 0;
  if (scheduled) setImmediate(writeDue);
  for (const writer of now) writer.flush();
}

export class SocketWriter {
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #waiting: (() => void)[] = [];
  #closed = false;

  /** @param stream below the socket */
  constructor(readonly socket: WebSocket, private readonly stream: Duplex) {}

  /** Whether the peer has not taken everything that was written, or much is pending. */
  get full(): boolean {
    return this.stream.writableLength > 0 || this.#pendingBytes > PENDING_BYTES;
  }

  /** Whole frames. They are lost when the socket is closing. */
  write(frames: Buffer): void {
    if (this.#closed || this.socket.readyState !== this.socket.OPEN) return;
    if (this.#pending.length === 0) {
      due.push(this);
      if (!scheduled) setImmediate(writeDue);
      scheduled = true;
    }
    this.#pending.push(frames);
    this.#pendingBytes += frames.length;
  }

  /** Writes what is pending now: for what must come behind it. */
  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#closed || this.socket.readyState !== this.socket.OPEN) return;
    this.stream.write(pending.length === 1 ? pending[0] : Buffer.concat(pending), this.#written);
  }

  whenFree(listener: () => void): void {
    if (this.#closed) queueMicrotask(listener);
    else this.#waiting.push(listener);
  }

  /** The socket has closed. */
  close(): void {
    this.#closed = true;
    this.#pending = [];
    this.#free();
  }

  readonly #written = (): void => {
    if (this.#waiting.length > 0 && !this.full) this.#free();
  };

  #free(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
  }
}

const CLOSING_BRACE = 0x7d;

/** One subscription's `next` messages. */
export class SocketOutbox implements Outbox {
  readonly #prefix: Buffer;

  constructor(private readonly writer: SocketWriter, id: string) {
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
