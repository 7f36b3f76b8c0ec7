/** One subscription of one client: lives on an execution that equal ones share, moves to another one when it must, and ends. */

import type { LiveSource } from "../../events/LiveSource.js";
import type { Operation } from "./operation.js";
import type { Outbox } from "./Outbox.js";
import { SharedExecution, type End, type Member } from "./SharedExecution.js";
import { Signal } from "./Signal.js";

/** Most bytes of payloads handed to the outbox at once, a longer payload aside. */
const PUT_BYTES = 64 * 1024;

/** Where equal subscriptions find each other. */
export interface Executions {
  /** An execution that knows the source's place: it may be a new one, which then owns the source. */
  join(key: string, operation: Operation, source: LiveSource<unknown>, place: string): SharedExecution;
}

export class Subscriber implements Member {
  /** Resolves when the subscription has ended and everything was put into the outbox. @throws what ended its source */
  readonly done: Promise<void>;
  #stopped = false;
  /** While it reads alone. */
  #source: LiveSource<unknown> | undefined;
  #shared: SharedExecution | undefined;
  /** The next payload of the ring, by number. */
  #next = 0;
  /** Behind the last payload that was put into the outbox. */
  #place = "";
  #waiting = false;
  /** How the shared execution ended. */
  #end: End | undefined;
  #left: { resolve(): void; reject(error: unknown): void } | undefined;
  readonly #freed = new Signal();
  readonly #key: string;

  constructor(private readonly operation: Operation, source: LiveSource<unknown>, private readonly outbox: Outbox, private readonly executions: Executions) {
    this.#key = source.shareKey === "" ? "" : operation.shareKey(source);
    this.done = this.#run(source);
    // Whoever waits for the end gets the error; nobody has to.
    this.done.catch(() => undefined);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#shared?.leave(this);
    this.#left?.resolve();
    this.#freed.give();
    this.#source?.return?.().catch(() => undefined);
  }

  flush(): void {
    const { ring } = this.#shared as SharedExecution;
    while (this.#next < ring.end) {
      if (this.#next < ring.start) return this.#fallOut();
      if (this.outbox.full) return this.#waitForRoom();
      const { payloads, place } = ring.from(this.#next, PUT_BYTES);
      this.outbox.put(payloads);
      this.#next += payloads.length;
      this.#place = place;
    }
    if (this.#end?.error !== undefined) this.#left?.reject(this.#end.error);
    else if (this.#end) this.#left?.resolve();
  }

  dropped(): void {
    this.#left?.resolve();
  }

  end(end: End): void {
    this.#end = end;
    this.flush();
  }

  /** Too far behind for the ring: it goes on by itself. */
  #fallOut(): void {
    this.#shared?.leave(this);
    this.#left?.resolve();
  }

  #waitForRoom(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const shared = this.#shared as SharedExecution;
    shared.fellBehind(this);
    this.outbox.whenFree(() => {
      this.#waiting = false;
      if (this.#shared !== shared || this.#stopped) return;
      this.flush();
      if (!this.#waiting) shared.caughtUp(this);
    });
  }

  async #run(first: LiveSource<unknown>): Promise<void> {
    let next: LiveSource<unknown> | SharedExecution | undefined = first;
    while (next && !this.#stopped) next = next instanceof SharedExecution ? await this.#live(next) : await this.#readAlone(next);
  }

  /** Until there is somebody to share with. @returns undefined when the subscription has ended */
  async #readAlone(source: LiveSource<unknown>): Promise<SharedExecution | undefined> {
    this.#source = source;
    try {
      await source.ready();
      for (;;) {
        await this.#room();
        if (this.#stopped) return undefined;
        if (this.#key !== "" && source.place !== undefined) {
          const shared = this.executions.join(this.#key, this.operation, source, source.place);
          this.#join(shared, source.place);
          return shared;
        }
        const values = await source.pull();
        if (!values) return undefined;
        if (values.length > 0) await this.#send(values);
        else await source.changed();
      }
    } finally {
      this.#source = undefined;
      // A source that was handed over to a shared execution lives on there.
      if (this.#shared?.source !== source) source.return?.().catch(() => undefined);
    }
  }

  #join(shared: SharedExecution, place: string): void {
    this.#shared = shared;
    this.#place = place;
    this.#next = shared.join(this, place);
  }

  /** @returns where it goes on; undefined when the subscription has ended */
  async #live(shared: SharedExecution): Promise<LiveSource<unknown> | SharedExecution | undefined> {
    await new Promise<void>((resolve, reject) => {
      this.#left = { resolve, reject };
      this.flush();
    });
    const end = this.#end;
    this.#left = undefined;
    this.#shared = undefined;
    this.#end = undefined;
    if (this.#stopped || (end && !end.into)) return undefined;
    if (!end?.into) return shared.source.from(this.#place);
    const { endPlace } = shared.ring;
    if (!end.into.knows(endPlace)) return shared.source.from(endPlace);
    this.#join(end.into, endPlace);
    return end.into;
  }

  async #send(values: readonly unknown[]): Promise<void> {
    let payloads = await this.operation.payloadsOf(values);
    while (payloads.length > 0 && !this.#stopped) {
      let count = 0;
      for (let bytes = 0; count < payloads.length && bytes < PUT_BYTES; count++) bytes += (payloads[count] as Buffer).length;
      this.outbox.put(payloads.slice(0, count));
      payloads = payloads.slice(count);
      await this.#room();
    }
  }

  /** Waits until the outbox has room: before that nothing is read. */
  async #room(): Promise<void> {
    while (this.outbox.full && !this.#stopped) {
      this.outbox.whenFree(() => this.#freed.give());
      await this.#freed.wait();
    }
  }
}
