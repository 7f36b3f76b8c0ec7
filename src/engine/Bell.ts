/** Lets one waiter sleep until somebody rings, a time is over, or its client has gone. A ring while nobody sleeps counts for the next sleep. */

export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#rung || signal?.aborted) {
      this.#rung = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const over = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", over);
        this.#wake = undefined;
        this.#rung = false;
        resolve();
      };
      const timer = setTimeout(over, ms);
      signal?.addEventListener("abort", over, { once: true });
      this.#wake = over;
    });
  }
}
