/** A followed subscription as an async iterable. Who takes slowly costs no memory: it is left, and gone on with behind what was taken. */

/** What waits for the consumer, at most about; a socket may bring some more before it is left. */
const MOST_WAITING = 1_000;

export interface WatchSource<Event> {
  /** Resolves when there are no more events, or the signal has fired. */
  follow(after: string | undefined, onEvent: (event: Event) => void, signal: AbortSignal): Promise<void>;
  cursorOf(event: Event): string;
  after?: string | undefined;
  /** Ends the iteration early. */
  signal?: AbortSignal | undefined;
}

type Waiter<Event> = { resolve(result: IteratorResult<Event, undefined>): void; reject(error: unknown): void };
const END: IteratorReturnResult<undefined> = { value: undefined, done: true };

export class Watch<Event> implements AsyncIterableIterator<Event, undefined> {
  #waiting: Event[] = [];
  #waiters: Waiter<Event>[] = [];
  #following: AbortController | undefined;
  #after: string | undefined;
  /** How it ended, once what waits has been taken. */
  #end: { error?: unknown } | undefined;
  readonly #abort = (): void => this.#finish({});

  constructor(private readonly source: WatchSource<Event>) {
    this.#after = source.after;
    source.signal?.addEventListener("abort", this.#abort, { once: true });
    if (source.signal?.aborted === true) this.#finish({});
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    const event = this.#waiting.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#end) return this.#ended(this.#end);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (!this.#following) this.#follow();
    });
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#finish({});
    return Promise.resolve(END);
  }

  #follow(): void {
    const following = new AbortController();
    this.#following = following;
    this.source.follow(this.#after, (event) => this.#take(event, following), following.signal).then(
      () => { if (!following.signal.aborted) this.#finish({}); },
      (error: unknown) => { if (!following.signal.aborted) this.#finish({ error }); },
    );
  }

  #take(event: Event, following: AbortController): void {
    if (following !== this.#following) return;
    this.#after = this.source.cursorOf(event);
    const waiter = this.#waiters.shift();
    if (waiter) return waiter.resolve({ value: event, done: false });
    this.#waiting.push(event);
    if (this.#waiting.length < MOST_WAITING) return;
    // Gone on with when all that waits has been taken.
    this.#following = undefined;
    following.abort();
  }

  #finish(end: { error?: unknown }): void {
    if (this.#end) return;
    this.#end = end;
    this.source.signal?.removeEventListener("abort", this.#abort);
    this.#following?.abort();
    for (const waiter of this.#waiters.splice(0)) this.#ended(end).then((result) => waiter.resolve(result), (error: unknown) => waiter.reject(error));
  }

  /** An error is told once. */
  #ended(end: { error?: unknown }): Promise<IteratorResult<Event, undefined>> {
    if (!("error" in end)) return Promise.resolve(END);
    this.#end = {};
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it came
    return Promise.reject(end.error);
  }
}
