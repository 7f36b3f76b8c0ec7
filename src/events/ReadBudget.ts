/** How often one reader may look at a log that keeps growing: at once after a pause, in steady intervals while it is busy. */

/** Reads that may follow each other at once. */
const BURST = 6;
/** One more per so many milliseconds: also the longest that an event of a busy log waits for its neighbours. */
const INTERVAL_MS = 4;

export class ReadBudget {
  #left = BURST;
  #sinceMs = performance.now();

  /** Takes one read from the budget; answers how long to wait before it, in ms: 0 unless the log is busy. */
  take(): number {
    const nowMs = performance.now();
    this.#left = Math.min(BURST, this.#left + (nowMs - this.#sinceMs) / INTERVAL_MS) - 1;
    this.#sinceMs = nowMs;
    return this.#left >= 0 ? 0 : -this.#left * INTERVAL_MS;
  }
}
