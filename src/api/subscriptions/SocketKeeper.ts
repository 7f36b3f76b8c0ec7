/** Looks after open sockets: pings them, ends those that are gone, and tells those that take nothing to resume later. One clock for all. */

import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { ApiLog } from "../ApiLog.js";

/** Between two pings of a socket; one that has not answered when the next is due is gone. */
const PING_INTERVAL_MS = 12_000;

/** "Try again later": clients of graphql-ws connect again after it, and then go on behind the last cursor they saw. */
export const TOO_SLOW = 1013;

interface Kept {
  socket: WebSocket;
  stream: Socket;
  /** Since the last ping. */
  answered: boolean;
  pingAtMs: number;
  /** Bytes that had left the process when it was last looked at. */
  taken: number;
  /** Since when it has taken nothing of what waits for it. */
  sinceMs: number;
}

export class SocketKeeper {
  readonly #kept = new Map<WebSocket, Kept>();
  #clock: ReturnType<typeof setInterval> | undefined;

  /** @param stallMs how long a socket may take nothing of what was sent to it */
  constructor(private readonly stallMs: number, private readonly log: ApiLog) {}

  keep(socket: WebSocket, stream: Socket): void {
    const nowMs = performance.now();
    const kept: Kept = { socket, stream, answered: true, pingAtMs: nowMs + PING_INTERVAL_MS * Math.random(), taken: 0, sinceMs: nowMs };
    this.#kept.set(socket, kept);
    socket.on("pong", () => { kept.answered = true; });
    this.#clock ??= setInterval(() => this.#look(performance.now()), Math.min(1_000, this.stallMs / 4)).unref();
  }

  forget(socket: WebSocket): void {
    this.#kept.delete(socket);
    if (this.#kept.size > 0) return;
    clearInterval(this.#clock);
    this.#clock = undefined;
  }

  #look(nowMs: number): void {
    for (const kept of this.#kept.values()) {
      if (kept.socket.readyState !== kept.socket.OPEN) continue;
      const waiting = kept.stream.writableLength;
      const taken = kept.stream.bytesWritten - waiting;
      if (waiting === 0 || taken !== kept.taken) kept.sinceMs = nowMs;
      kept.taken = taken;
      if (nowMs - kept.sinceMs >= this.stallMs) this.#close(kept, waiting);
      // Behind what it has not taken yet, a ping would say nothing.
      else if (waiting === 0 && nowMs >= kept.pingAtMs) ping(kept, nowMs);
    }
  }

  #close({ socket }: Kept, waitingBytes: number): void {
    this.log.info({ waitingBytes }, "A socket took nothing for too long: its client is told to resume");
    socket.close(TOO_SLOW, "Too slow: resume behind the last cursor");
  }
}

function ping(kept: Kept, nowMs: number): void {
  if (!kept.answered) {
    kept.socket.terminate();
    return;
  }
  kept.answered = false;
  kept.pingAtMs = nowMs + PING_INTERVAL_MS;
  kept.socket.ping();
}
