/** One client's stream that carries several operations: reserved, then opened once, ended with its connection or because nobody came. */

import { OPERATIONS_PER_CONNECTION } from "./limits.js";
import { refused, runOperation } from "./streamOperation.js";
import type { OperationParts, StreamOperation } from "./streamOperation.js";
import type { EventStream } from "./subscriptions/EventStream.js";
import { StreamOutbox } from "./subscriptions/StreamOutbox.js";

interface Running {
  stopped: AbortController;
  /** Undefined before the stream is opened. */
  outbox: StreamOutbox | undefined;
  operation: StreamOperation;
}

export class StreamReservation {
  readonly #operations = new Map<string, Running>();
  #stream: EventStream | undefined;

  constructor(private readonly parts: OperationParts) {}

  get opened(): boolean {
    return this.#stream !== undefined;
  }

  /** Operations that have not ended. */
  get size(): number {
    return this.#operations.size;
  }

  /** Those that came before it begin now. */
  open(stream: EventStream): void {
    this.#stream = stream;
    for (const [id, running] of this.#operations) this.#run(id, running, stream);
  }

  /** @throws RequestRefused 409 an id that is in use, 429 when too many run */
  checkRoomFor(id: string): void {
    if (this.#operations.has(id)) throw refused(409, `An operation with the id ${JSON.stringify(id)} runs on this stream; stop it, or give this one another id.`);
    if (this.#operations.size >= OPERATIONS_PER_CONNECTION) {
      throw refused(429, `At most ${OPERATIONS_PER_CONNECTION} operations may run on one stream; stop some, or reserve another stream.`, "LIMIT_EXCEEDED");
    }
  }

  /** Runs it as soon as the stream is open. @param id that there is room for */
  add(id: string, operation: StreamOperation): void {
    const running: Running = { stopped: new AbortController(), outbox: undefined, operation };
    this.#operations.set(id, running);
    if (this.#stream) this.#run(id, running, this.#stream);
  }

  /** Its end is told on the stream; an id that does not run is stopped already. */
  stop(id: string): void {
    const running = this.#operations.get(id);
    if (!running) return;
    this.#operations.delete(id);
    running.outbox?.finish();
    running.stopped.abort();
  }

  /** Stops everything: there is nobody to tell. */
  end(): void {
    const all = [...this.#operations.values()];
    this.#operations.clear();
    for (const { stopped } of all) stopped.abort();
  }

  #run(id: string, running: Running, stream: EventStream): void {
    const outbox = (running.outbox = new StreamOutbox(stream.writer, id));
    const over = (): void => {
      if (this.#operations.get(id) === running) this.#operations.delete(id);
    };
    runOperation(this.parts, running.operation, outbox, running.stopped.signal).then(over, over);
  }
}
