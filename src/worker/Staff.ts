/** The workers of one process: the one that runs tasks and, where there is none, one that plans for workers elsewhere. */

import { randomBytes } from "node:crypto";
import type { WorkerDirectory } from "../engine/Fleet.js";
import { Presence } from "./Presence.js";
import { Worker, type WorkerOptions } from "./Worker.js";

export type StaffServices = Omit<WorkerOptions, "id" | "plansOnly"> & { directory: WorkerDirectory };

export class Staff {
  readonly #members: { worker: Worker; presence: Presence }[] = [];
  #stopped = false;

  constructor(private readonly services: StaffServices) {}

  /** Resolves when it works and has been noted. */
  async startWorker(): Promise<Worker> {
    const member = this.#hire(false);
    await member.presence.start();
    return member.worker;
  }

  /** Remote workers run handlers alone: somebody has to find items and collect outputs for them. */
  ensurePlanner(): void {
    if (this.#members.length === 0 && !this.#stopped) void this.#hire(true).presence.start();
  }

  /** No new claims; see Worker.stop. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#members.splice(0).map(async ({ worker, presence }) => {
      await presence.stop();
      await worker.stop(graceMs);
    }));
  }

  #hire(plansOnly: boolean): { worker: Worker; presence: Presence } {
    const { directory, handlers, expanders, queues, concurrency, log } = this.services;
    const id = `${plansOnly ? "p" : "w"}${process.pid}-${randomBytes(3).toString("hex")}`;
    const worker = new Worker({ ...this.services, id, plansOnly });
    const presence = new Presence(directory, id, () => ({
      handlers: plansOnly ? [] : handlers.names(), running: worker.calls, capacity: concurrency, plans: true, remote: false,
      queues: plansOnly ? [] : [...queues], expanders: expanders.names(),
    }), log);
    const member = { worker, presence };
    this.#members.push(member);
    worker.start();
    return member;
  }
}
