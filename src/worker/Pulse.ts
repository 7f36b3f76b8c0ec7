/** Watches over the heartbeats of one handler call: passes them on, not more often than needed, and tells when they fail to come. */

/** Of the longest silence: so often a heartbeat is passed on, however many the handler sends. */
const PASSED_ON = 0.2;

export class Pulse {
  #silent: ReturnType<typeof setTimeout> | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;
  #passedOnMs = -Infinity;
  #stopped = false;

  /**
   * @param longestMs silence after which onSilent is called, once started
   * @param passOn tells the engine, whose durable timer says the same should this process not live to see it
   */
  constructor(private readonly longestMs: number, private readonly passOn: () => void, private readonly onSilent: () => void) {}

  start(): void {
    this.#stopped = false;
    this.touch();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#silent);
    clearTimeout(this.#later);
  }

  /** The handler says that it is at work. One that comes too soon after another is passed on a little later, so that none is lost. */
  beat(): void {
    if (this.#stopped) return;
    this.touch();
    const gapMs = this.longestMs * PASSED_ON;
    const restMs = this.#passedOnMs + gapMs - Date.now();
    if (restMs <= 0) this.#pass();
    else this.#later ??= setTimeout(() => this.#pass(), restMs);
  }

  /** It has shown in another way that it is at work, which the engine learns by that. */
  touch(): void {
    if (this.#stopped) return;
    clearTimeout(this.#silent);
    this.#silent = setTimeout(this.onSilent, this.longestMs);
  }

  #pass(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#passedOnMs = Date.now();
    this.passOn();
  }
}
