/** One operation's answer as server-sent events: `next` for each result, `complete` at the end, a comment when there is long nothing. */

import type { ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import type { ApiLog } from "../ApiLog.js";
import type { Outbox } from "./Outbox.js";

/** Keeps proxies from taking a quiet stream for a dead one. */
const COMMENT_INTERVAL_MS = 12_000;

const NEXT = Buffer.from("event: next\ndata: ");
const BEHIND = Buffer.from("\n\n");

export class EventStream implements Outbox {
  /** Fires when the client has gone, or the stream has ended. */
  readonly gone: AbortSignal;
  #waiting: (() => void)[] = [];
  #over = false;
  #taken = 0;
  #sinceMs = performance.now();
  #commentAtMs = performance.now() + COMMENT_INTERVAL_MS;
  readonly #clock: ReturnType<typeof setInterval>;

  /** Begins the answer. @param stallMs how long the client may take nothing of what waits for it */
  constructor(private readonly response: ServerResponse, private readonly stallMs: number, private readonly log: ApiLog) {
    const gone = new AbortController();
    this.gone = gone.signal;
    this.#clock = setInterval(() => this.#look(performance.now()), Math.min(1_000, stallMs / 4)).unref();
    response.once("close", () => {
      clearInterval(this.#clock);
      this.#over = true;
      gone.abort();
      this.#free();
    });
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform", "x-accel-buffering": "no",
    });
    response.flushHeaders();
  }

  get full(): boolean {
    return this.response.writableLength > 0;
  }

  put(payloads: readonly Buffer[]): void {
    if (!this.#over) this.response.write(Buffer.concat(payloads.flatMap((payload) => [NEXT, payload, BEHIND])), this.#written);
  }

  whenFree(listener: () => void): void {
    if (this.#over) queueMicrotask(listener);
    else this.#waiting.push(listener);
  }

  /** The last result, if there is one more, and the end. */
  finish(result?: ExecutionResult): void {
    if (this.#over) return;
    if (result) this.put([Buffer.from(JSON.stringify(result))]);
    this.response.write("event: complete\ndata: \n\n");
    this.end();
  }

  /** Without `complete`: clients connect again. */
  end(): void {
    this.#over = true;
    this.response.end();
  }

  #look(nowMs: number): void {
    const waiting = this.response.writableLength;
    const taken = (this.response.socket?.bytesWritten ?? 0) - waiting;
    if (waiting === 0 || taken !== this.#taken) this.#sinceMs = nowMs;
    this.#taken = taken;
    if (nowMs - this.#sinceMs >= this.stallMs) {
      this.log.info({ waitingBytes: waiting }, "A stream's client took nothing for too long: it is cut, and may connect again");
      this.response.destroy();
    } else if (waiting === 0 && nowMs >= this.#commentAtMs && !this.#over) {
      this.#commentAtMs = nowMs + COMMENT_INTERVAL_MS;
      this.response.write(":\n\n");
    }
  }

  readonly #written = (): void => {
    if (!this.full) this.#free();
  };

  #free(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
  }
}
