/** Who waits for which workflow's events in this process; rung by the doorbell, and by a clock in case the bell was not heard. */

import type { LogEntries } from "../engine/Wake.js";
import { HeardEntries } from "./HeardEntries.js";

/** How long a lost doorbell can delay an event. */
const POLL_MS = 2_000;

export class Hub {
  /** New entries of the logs that somebody waits for. */
  readonly heard = new HeardEntries();
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
      if (listeners.size > 0) return;
      this.#waiting.delete(workflowId);
      this.heard.forget(workflowId);
    };
  }

  /** @param entries those of the workflows' new log entries that were told */
  ring(workflowIds: readonly string[], entries: LogEntries = {}): void {
    for (const id of workflowIds) {
      const listeners = this.#waiting.get(id);
      if (!listeners) continue;
      this.heard.hear(id, entries[id]);
      for (const listener of listeners) listener();
    }
  }

  get watched(): number {
    return this.#waiting.size;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
