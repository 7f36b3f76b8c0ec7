/** What live sources share: pulled page by page or value by value, rung by the hub, closed at any time. Made by hand, because an async generator cannot be closed while it waits. */

import type { LiveSource } from "./LiveSource.js";

export abstract class HubIterator<T> implements LiveSource<T> {
  abstract readonly shareKey: string;
  abstract readonly place: string | undefined;
  /** What is followed may have changed since it was last looked at. */
  protected rung = true;
  /** How often that was heard. */
  protected rings = 0;
  protected ended = false;
  #wake: (() => void) | undefined;
  #changing: Promise<void> | undefined;
  /** Pulled, and not yet handed out by next(). */
  #page: readonly T[] = [];
  #next = 0;
  /** Calls of next() are answered one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #unwatch: () => void;

  /** @param watch calls the listener whenever there may be something new, until what it answers is called */
  constructor(watch: (listener: () => void) => () => void) {
    this.#unwatch = watch(() => {
      this.rung = true;
      this.rings++;
      this.#wake?.();
    });
  }

  abstract ready(): Promise<void>;
  abstract placeOf(value: T): string;
  abstract idOf(value: T): string | undefined;
  abstract from(place: string): LiveSource<T>;

  /** What pull() gives of a source that is open. */
  protected abstract read(): Promise<readonly T[] | undefined>;

  /** How long a ring may wait to be followed, in ms. */
  protected abstract delayMs(): number;

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    const result = this.#last.then(() => this.#answer());
    this.#last = result.catch(() => undefined);
    return result;
  }

  return(): Promise<IteratorResult<T>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  throw(error: unknown): Promise<IteratorResult<T>> {
    this.close();
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }

  /** An error closes the source. */
  async pull(): Promise<readonly T[] | undefined> {
    if (this.ended) return undefined;
    try {
      const values = await this.read();
      if (!values) this.close();
      return values;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  changed(): Promise<void> {
    this.#changing ??= this.#change().finally(() => { this.#changing = undefined; });
    return this.#changing;
  }

  async #answer(): Promise<IteratorResult<T>> {
    while (!this.ended && this.#next >= this.#page.length) {
      this.#page = (await this.pull()) ?? [];
      this.#next = 0;
      if (this.#page.length === 0) await this.changed();
    }
    return this.ended ? { value: undefined, done: true } : { value: this.#page[this.#next++] as T, done: false };
  }

  async #change(): Promise<void> {
    if (!this.ended && !this.rung) await new Promise<void>((resolve) => { this.#wake = resolve; });
    this.#wake = undefined;
    await this.#pause(this.delayMs());
  }

  /** Ends early when the source is closed. */
  #pause(ms: number): Promise<void> | undefined {
    if (ms <= 0 || this.ended) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!this.ended) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  protected close(): void {
    if (this.ended) return;
    this.ended = true;
    this.#unwatch();
    this.#wake?.();
  }
}
