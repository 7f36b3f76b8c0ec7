/** One subscription of one client: reads by itself until it has caught up, then lives on what all equal ones share. */

import type { LiveSource } from "../../events/LiveSource.js";
import type { Operation } from "./operation.js";
import type { Outbox } from "./Outbox.js";
import type { Member, SharedExecution } from "./SharedExecution.js";
import { Signal } from "./Signal.js";

/** Most bytes of payloads handed to the outbox at once, a longer payload aside. */
const PUT_BYTES = 64 * 1024;

/** Where equal subscriptions find each other. */
export interface Executions {
  find(key: string): SharedExecution | undefined;
  found(key: string, operation: Operation, source: LiveSource<unknown>): SharedExecution;
}

export class Subscriber implements Member {
  /** Resolves when the subscription has ended and everything was put into the outbox. @throws what ended its source */
  readonly done: Promise<void>;
  #stopped = false;
  #source: LiveSource<unknown> | undefined;
  #shared: SharedExecution | undefined;
  /** The next payload of the ring, by number. */
  #next = 0;
  /** Behind the last payload that was put into the outbox. */
  #place = "";
  #waiting = false;
  /** How the shared execution ended. */
  #outcome: { error?: unknown } | undefined;
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
      // Too far behind for the ring: it goes on by itself.
      if (this.#next < ring.start) {
        this.#shared?.leave(this);
        return this.dropped();
      }
      if (this.outbox.full) return this.#waitForRoom();
      const { payloads, place } = ring.from(this.#next, PUT_BYTES);
      this.outbox.put(payloads);
      this.#next += payloads.length;
      this.#place = place;
    }
    if (this.#outcome?.error !== undefined) this.#left?.reject(this.#outcome.error);
    else if (this.#outcome) this.#left?.resolve();
  }

  dropped(): void {
    this.#left?.resolve();
  }

  end(error?: unknown): void {
    this.#outcome = { error };
    this.flush();
  }

  #waitForRoom(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#shared?.fellBehind(this);
    this.outbox.whenFree(() => {
      this.#waiting = false;
      if (!this.#shared || this.#stopped) return;
      this.flush();
      if (!this.#waiting) this.#shared?.caughtUp(this);
    });
  }

  async #run(first: LiveSource<unknown>): Promise<void> {
    let source: LiveSource<unknown> | undefined = first;
    while (source && !this.#stopped) source = await this.#readAlone(source) ? await this.#share() : undefined;
  }

  /** @returns whether it goes on as a member of a shared execution; otherwise it has ended */
  async #readAlone(source: LiveSource<unknown>): Promise<boolean> {
    this.#source = source;
    try {
      await source.ready();
      for (;;) {
        await this.#room();
        if (this.#stopped) return false;
        if (this.#shared || this.#join(source)) return true;
        const values = await source.pull();
        if (!values) return false;
        if (values.length > 0) await this.#send(values);
        else await this.#waitForMore(source);
      }
    } finally {
      this.#source = undefined;
      // A source that was handed over to a shared execution lives on there.
      if (this.#shared?.source !== source) source.return?.().catch(() => undefined);
    }
  }

  #join(source: LiveSource<unknown>): boolean {
    const { place } = source;
    if (this.#key === "" || place === undefined) return false;
    const shared = this.executions.find(this.#key);
    const number = shared?.join(this, place);
    if (!shared || number === undefined) return false;
    this.#shared = shared;
    this.#next = number;
    this.#place = place;
    return true;
  }

  /** Its source is empty: who is the first of its kind to get so far makes its own source the shared one. */
  async #waitForMore(source: LiveSource<unknown>): Promise<void> {
    if (this.#key === "" || this.#stopped) return;
    const shared = this.executions.find(this.#key);
    if (shared) await Promise.race([source.changed(), shared.stepped()]);
    else {
      this.executions.found(this.#key, this.operation, source);
      this.#join(source);
    }
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

  /** Lives on the ring. @returns where to go on alone; undefined when the subscription has ended */
  async #share(): Promise<LiveSource<unknown> | undefined> {
    const shared = this.#shared as SharedExecution;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#left = { resolve, reject };
        this.flush();
      });
      return this.#outcome || this.#stopped ? undefined : shared.source.from(this.#place);
    } finally {
      this.#left = undefined;
      this.#shared = undefined;
    }
  }
}
