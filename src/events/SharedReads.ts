/** Lets readers that ask for the same thing in the same moment share one answer. */

/**
 * A moment is what the process does between two looks at its sockets: whatever a reader has heard of when it asks, the
 * store knew before the first of them asked. A longer time would let a reader get an answer older than its doorbell.
 */
export class SharedReads<T> {
  readonly #pending = new Map<string, Promise<T>>();

  /** @returns the answer, and whether somebody else asked first */
  ask(key: string, read: () => Promise<T>): { answer: Promise<T>; shared: boolean } {
    const pending = this.#pending.get(key);
    if (pending) return { answer: pending, shared: true };
    const answer = read();
    // Runs when everything that is due now has run, and before anything new is read from a socket.
    if (this.#pending.size === 0) process.nextTick(() => this.#pending.clear());
    this.#pending.set(key, answer);
    return { answer, shared: false };
  }
}
