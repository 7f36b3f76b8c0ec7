/** A worker inside another program, on the same Redis as the servers. */

import { readOptions, type Embedded, type EmbedOptions } from "./options.js";

/** `workerQueues` and `workerConcurrency` say what it takes; without `redisUrl` it uses the embedded Redis in `dataDir`. */
export type WorkerOptions = Omit<EmbedOptions, "host" | "port" | "worker" | "socketStallMs">;

export class Worker {
  readonly #options: Embedded;
  #started: Promise<{ stop(): Promise<void> }> | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws FanwireError INVALID_VALUE with every problem of the configuration */
  constructor(options: WorkerOptions = {}) {
    this.#options = readOptions(options);
  }

  /** Resolves when it claims tasks. @throws FanwireError UNAVAILABLE when Redis cannot be had, INVALID_VALUE for handlers of the same name */
  async start(): Promise<void> {
    if (this.#stopped) throw new Error("A worker that was stopped does not start again; make another one");
    this.#started ??= import("../main.js").then(({ runWorker }) => runWorker(this.#options.config, this.#options.node));
    await this.#started;
  }

  /** Claims nothing more, gives what runs `stopGraceMs`, then aborts and hands back the rest, so that other workers take it at once. */
  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      const started = await this.#started?.catch(() => undefined);
      await started?.stop();
    })();
    return this.#stopped;
  }
}
