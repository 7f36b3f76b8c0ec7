/** What subscriptions share: pulled one by one, rung by the hub, closed at any time. Made by hand, because an async generator cannot be closed while it waits. */

export abstract class HubIterator<T> implements AsyncIterableIterator<T> {
  /** What is followed may have changed since it was last looked at. */
  protected rung = true;
  protected ended = false;
  #wake: (() => void) | undefined;
  /** Calls of next() are answered one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #unwatch: () => void;

  /** @param watch calls the listener whenever there may be something new, until what it answers is called */
  constructor(watch: (listener: () => void) => () => void) {
    this.#unwatch = watch(() => {
      this.rung = true;
      this.#wake?.();
    });
  }

  /** The next value; undefined when there will be none. An error closes the iterator. */
  protected abstract take(): Promise<T | undefined>;

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

  async #answer(): Promise<IteratorResult<T>> {
    try {
      const value = this.ended ? undefined : await this.take();
      return value === undefined ? { value: undefined, done: true } : { value, done: false };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Resolves at the next ring, or when the iterator is closed. */
  protected async waitForRing(): Promise<void> {
    await new Promise<void>((resolve) => { this.#wake = resolve; });
    this.#wake = undefined;
  }

  /** Ends early when the iterator is closed. */
  protected pause(ms: number): Promise<void> | undefined {
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
