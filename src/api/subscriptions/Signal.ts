/** Wakes everybody who waits at the moment that it is given; who waits later waits for the next time. */

export class Signal {
  #waiting: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  wait(): Promise<void> {
    this.#waiting ??= new Promise((resolve) => { this.#wake = resolve; });
    return this.#waiting;
  }

  /** Resolves after that time even when nothing has happened. */
  async waitAtMost(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([this.wait(), new Promise<void>((resolve) => { timer = setTimeout(resolve, ms); })]);
    clearTimeout(timer);
  }

  give(): void {
    this.#wake?.();
    this.#waiting = undefined;
    this.#wake = undefined;
  }
}

/** Resolves when what is due in this turn of the event loop has been done, writes to sockets among it. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve); });
}
