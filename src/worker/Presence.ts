/** Tells the deployment that a worker of this process lives, and says goodbye for it. */

import type { WorkerDirectory, WorkerNote } from "../engine/Fleet.js";

const EVERY_MS = 3_000;
/** Several notes may fail before it counts as gone. */
const ALIVE_MS = 15_000;
const GOODBYE_MS = 1_000;

export class Presence {
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly directory: WorkerDirectory, private readonly worker: string, private readonly note: () => WorkerNote,
    private readonly log: { warn(obj: object, message: string): void },
  ) {}

  /** Resolves when it has been noted, or could not be for now. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#tell(), EVERY_MS);
    this.#timer.unref();
    await this.#tell();
  }

  async stop(): Promise<void> {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const removed = this.directory.remove(this.worker).catch((error: unknown) => this.log.warn({ err: error }, "a worker could not say goodbye; it is forgotten in a while"));
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Without Redis the call would be tried for much longer than anyone waits for a process to stop.
    await Promise.race([removed, new Promise((resolve) => { timer = setTimeout(resolve, GOODBYE_MS); })]);
    clearTimeout(timer);
  }

  async #tell(): Promise<void> {
    try {
      await this.directory.register(this.worker, this.note(), ALIVE_MS);
    } catch (error) {
      this.log.warn({ err: error }, "a worker could not be noted as alive; trying again");
    }
  }
}
