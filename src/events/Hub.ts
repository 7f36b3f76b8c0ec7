/** Who waits for which workflow's events in this process; rung by the doorbell, and by a clock in case the bell was not heard. */

/** How long a lost doorbell can delay an event. */
const POLL_MS = 2_000;

export class Hub {
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(pollMs = POLL_MS) {
    this.#timer = setInterval(() => this.ring([...this.#waiting.keys()]), pollMs);
    this.#timer.unref();
  }

  /** Calls `listener` at every ring for the workflow until undone. Register before reading, so that nothing falls between. */
  watch(workflowId: string, listener: () => void): () => void {
    let listeners = this.#waiting.get(workflowId);
    if (!listeners) this.#waiting.set(workflowId, (listeners = new Set()));
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#waiting.delete(workflowId);
    };
  }

  ring(workflowIds: readonly string[]): void {
    for (const id of workflowIds) for (const listener of this.#waiting.get(id) ?? []) listener();
  }

  get watched(): number {
    return this.#waiting.size;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
