/** An HTTP answer of server-sent events: what it is given as it comes, a comment when there is long nothing, cut when its client takes nothing. */

import type { ServerResponse } from "node:http";
import type { ApiLog } from "../ApiLog.js";
import { TurnWriter } from "./TurnWriter.js";

/** Keeps proxies from taking a quiet stream for a dead one. */
const COMMENT_INTERVAL_MS = 12_000;

/** Some browsers take an answer for begun only with its first byte. */
const COMMENT = ":\n\n";

export class EventStream {
  /** Fires when the client has gone, or the stream has ended. */
  readonly gone: AbortSignal;
  readonly writer: TurnWriter;
  #over = false;
  #taken = 0;
  #sinceMs = performance.now();
  #commentAtMs = performance.now() + COMMENT_INTERVAL_MS;
  readonly #clock: ReturnType<typeof setInterval>;

  /** Begins the answer. @param stallMs how long the client may take nothing of what waits for it */
  constructor(private readonly response: ServerResponse, private readonly stallMs: number, private readonly log: ApiLog) {
    const gone = new AbortController();
    this.gone = gone.signal;
    this.writer = new TurnWriter({ stream: response, isOpen: () => !this.#over });
    this.#clock = setInterval(() => this.#look(performance.now()), Math.min(1_000, stallMs / 4)).unref();
    response.once("close", () => {
      clearInterval(this.#clock);
      this.#over = true;
      gone.abort();
      this.writer.close();
    });
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform", "x-accel-buffering": "no",
    });
    response.write(COMMENT);
  }

  /** What was written goes out before it. Clients that were not told of their operations' ends connect again. */
  end(): void {
    this.writer.flush();
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
      this.response.write(COMMENT);
    }
  }
}
