/** Gives the event loop its turn during long work, so that heartbeats and sockets do not wait for it. */

import { setImmediate } from "node:timers/promises";

/** How long work may hold the event loop. */
const HOLD_MS = 25;
/** Steps between looks at the clock; one step is an evaluation, a millisecond at most when all is well. */
const STEPS_PER_LOOK = 64;

export class Breather {
  #heldSince = performance.now();
  #steps = 0;

  /** Counts a step; true when it is time to `rest`. Awaiting settled promises alone never lets anything else run. */
  isDue(): boolean {
    this.#steps += 1;
    return this.#steps % STEPS_PER_LOOK === 0 && performance.now() - this.#heldSince > HOLD_MS;
  }

  async rest(): Promise<void> {
    await setImmediate();
    this.#heldSince = performance.now();
  }
}
