/** Worker processes that tests may kill or stop, and the ledger that their handlers write outside Redis. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskEvent } from "../../src/workflow/events.js";
import { nameOf } from "./checks.js";

export interface WorkerSettings {
  /** The compiled worker. */
  script: string;
  redisUrl: string;
  keyPrefix: string;
  leaseMs: number;
  workerConcurrency: number;
  ledger: string;
}

/** One line of the ledger. */
export interface LedgerLine {
  what: "start" | "end" | "abort";
  workflowId: string;
  /** group.task, with [item] */
  task: string;
  attempt: number;
  pid: number;
}

export class Ledger {
  private constructor(readonly folder: string, readonly path: string) {}

  static async create(): Promise<Ledger> {
    const folder = await mkdtemp(join(tmpdir(), "fanwire-ledger-"));
    return new Ledger(folder, join(folder, "ledger.jsonl"));
  }

  /** A line that its process died in the middle of is left out. */
  lines(): LedgerLine[] {
    let text = "";
    try {
      text = readFileSync(this.path, "utf8");
    } catch {
      return [];
    }
    return text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as LedgerLine);
  }

  /** Recorded results that no handler on record started: same workflow, task, attempt and process. */
  unfounded(workflowId: string, completed: readonly TaskEvent[]): TaskEvent[] {
    const started = new Set(this.lines().filter(({ what }) => what === "start").map((line) => `${line.workflowId} ${line.task} ${line.attempt} ${line.pid}`));
    return completed.filter((event) => !started.has(`${workflowId} ${nameOf(event)} ${event.attempt} ${/^w(\d+)-/.exec(event.worker ?? "")?.[1]}`));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

export class WorkerProcess {
  readonly ready: Promise<void>;
  readonly ended: Promise<unknown>;
  #stderr = "";

  private constructor(readonly child: ChildProcess) {
    child.stderr?.on("data", (chunk: Buffer) => { this.#stderr = (this.#stderr + chunk.toString()).slice(-4_000); });
    this.ended = once(child, "exit");
    this.ready = new Promise((resolve, reject) => {
      child.stdout?.once("data", () => resolve());
      child.once("exit", () => reject(new Error(`The worker ended before it was ready: ${this.#stderr}`)));
    });
    // Whoever kills it before it is ready does not wait for it.
    this.ready.catch(() => undefined);
  }

  static start(settings: WorkerSettings): WorkerProcess {
    return new WorkerProcess(spawn(process.execPath, [settings.script, JSON.stringify(settings)], { stdio: ["ignore", "pipe", "pipe"] }));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What it said on standard error; a healthy worker says nothing. */
  get complaints(): string {
    return this.#stderr;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async kill(): Promise<void> {
    if (!this.alive) return;
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

/** Keeps as many workers running as were asked for, whatever becomes of them. */
export class WorkerPool {
  readonly workers = new Set<WorkerProcess>();
  deaths = 0;
  #stopped = false;

  constructor(private readonly settings: WorkerSettings, size: number) {
    for (let i = 0; i < size; i++) this.#start();
  }

  #start(): void {
    const worker = WorkerProcess.start(this.settings);
    this.workers.add(worker);
    void worker.ended.then(() => {
      this.workers.delete(worker);
      if (this.#stopped) return;
      this.deaths++;
      this.#start();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.workers].map((worker) => worker.kill()));
  }
}
