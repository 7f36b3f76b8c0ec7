/** One operation's side of a stream of server-sent events: `next` for each result, `complete` at the end, with the operation's id where several share the stream. */

import type { ExecutionResult } from "graphql";
import type { Outbox } from "./Outbox.js";
import { allocate, type TurnWriter } from "./TurnWriter.js";

const BEHIND = Buffer.from("\n\n");
const BEHIND_SHARED = Buffer.from("}\n\n");

export class StreamOutbox implements Outbox {
  readonly #before: Buffer;
  readonly #behind: Buffer;
  readonly #end: Buffer;
  #over = false;

  /** @param id absent: the stream is the operation's alone */
  constructor(private readonly writer: TurnWriter, id?: string) {
    const text = JSON.stringify(id);
    this.#before = Buffer.from(id === undefined ? "event: next\ndata: " : `event: next\ndata: {"id":${text},"payload":`);
    this.#behind = id === undefined ? BEHIND : BEHIND_SHARED;
    this.#end = Buffer.from(id === undefined ? "event: complete\ndata: \n\n" : `event: complete\ndata: {"id":${text}}\n\n`);
  }

  get full(): boolean {
    return !this.#over && this.writer.full;
  }

  whenFree(listener: () => void): void {
    if (this.#over) queueMicrotask(listener);
    else this.writer.whenFree(listener);
  }

  put(payloads: readonly Buffer[]): void {
    if (this.#over) return;
    const around = this.#before.length + this.#behind.length;
    const messages = allocate(payloads.reduce((sum, payload) => sum + around + payload.length, 0));
    let at = 0;
    for (const payload of payloads) {
      for (const part of [this.#before, payload, this.#behind]) {
        messages.set(part, at);
        at += part.length;
      }
    }
    this.writer.write(messages);
  }

  /** The last result, if there is one more, and the end: nothing follows it. */
  finish(result?: ExecutionResult): void {
    if (this.#over) return;
    if (result) this.put([Buffer.from(JSON.stringify(result))]);
    this.writer.write(this.#end);
    this.#over = true;
  }
}
