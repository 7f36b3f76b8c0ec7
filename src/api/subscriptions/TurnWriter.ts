/** Writes to a client: everything that one turn of the event loop brings for it leaves in one write. */

import type { Writable } from "node:stream";

/** What may wait for the turn's end, in bytes. */
const PENDING_BYTES = 64 * 1024;

/** Writes per turn of the event loop, about a thousandth of a second each hundred. */
const WRITES_PER_TURN = 256;

/** What is sent is built in larger pieces of memory: a piece for each would cost more than the copying. */
const SLAB_BYTES = 256 * 1024;

const NOTHING = Buffer.alloc(0);

let slab = Buffer.allocUnsafeSlow(0);
let slabUsed = 0;

/** Memory that nobody else writes to. */
export function allocate(bytes: number): Buffer {
  if (bytes > SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(bytes);
  if (slabUsed + bytes > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    slabUsed = 0;
  }
  slabUsed += bytes;
  return slab.subarray(slabUsed - bytes, slabUsed);
}

/** Writers with something to write, in the order in which they got it. */
let due: TurnWriter[] = [];
let scheduled = false;

function writeDue(): void {
  const now = due.slice(0, WRITES_PER_TURN);
  due = due.slice(WRITES_PER_TURN);
  scheduled = due.length > 0;
  if (scheduled) setImmediate(writeDue);
  for (const writer of now) writer.flush();
}

/** The connection below: a WebSocket's, or an HTTP answer. */
export interface Peer {
  readonly stream: Pick<Writable, "write" | "writableLength">;
  /** Whether it still takes anything. */
  isOpen(): boolean;
}

export class TurnWriter {
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #waiting: (() => void)[] = [];
  #closed = false;
  /** Writes that the peer has not taken. */
  #underWay = 0;

  constructor(private readonly peer: Peer) {}

  /** Whether the peer has not taken everything that was written, or much is pending; never of one that has gone. */
  get full(): boolean {
    return !this.#closed && (this.peer.stream.writableLength > 0 || this.#pendingBytes > PENDING_BYTES);
  }

  /** Whole messages. They are lost when the peer is closing. */
  write(messages: Buffer): void {
    if (this.#closed || !this.peer.isOpen()) return;
    if (this.#pending.length === 0) {
      due.push(this);
      if (!scheduled) setImmediate(writeDue);
      scheduled = true;
    }
    this.#pending.push(messages);
    this.#pendingBytes += messages.length;
  }

  /** Writes what is pending now: for what must come behind it. */
  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#closed || !this.peer.isOpen()) return;
    this.#send(pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending));
  }

  /** Calls back once, as soon as it is no longer full; at once when the peer has gone. */
  whenFree(listener: () => void): void {
    if (this.#closed) queueMicrotask(listener);
    else {
      this.#waiting.push(listener);
      this.#watch();
    }
  }

  /** The peer has gone. */
  close(): void {
    this.#closed = true;
    this.#pending = [];
    this.#free();
  }

  /** What fills the stream may not come from here: answers to other operations, pings. A write of nothing ends behind it. */
  #watch(): void {
    if (this.#underWay === 0 && this.#pending.length === 0) this.#send(NOTHING);
  }

  #send(bytes: Buffer): void {
    this.#underWay += 1;
    this.peer.stream.write(bytes, this.#written);
  }

  readonly #written = (error?: Error | null): void => {
    this.#underWay -= 1;
    if (this.#waiting.length === 0) return;
    if (!this.full) this.#free();
    // A stream that failed is closed soon.
    else if (!error) this.#watch();
  };

  #free(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
  }
}
