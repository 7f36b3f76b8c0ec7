/** Real Redis servers for tests: the one that a whole run shares, and private ones that a test may kill. */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { findRedisServer } from "../../src/runtime/redisBinary.js";
import { inspectRedis } from "../../src/runtime/redisControl.js";
import { freePort } from "./ports.js";
import { waitFor } from "./waitFor.js";

export interface TestRedisOptions {
  /** Absent: nothing is kept on disk, and a restart begins empty. */
  aof?: "everysec" | "always";
  /** More options, each as --name value. */
  extra?: Record<string, string>;
}

export interface TestRedisAddress {
  url: string;
  port: number;
  /** Unix socket. */
  path: string;
}

export interface TestRedis extends TestRedisAddress {
  /** The options that it is started with besides those of every test's. */
  readonly extra: Record<string, string>;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Folder of the append-only files. */
  readonly directory: string;
  /** SIGKILL; resolves when the process is gone. */
  kill9(): Promise<void>;
  /** Starts it again at the same address with the same data, after ending the process if it still runs. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** The server that globalSetup started; give every test a key prefix of its own. */
export function sharedRedis(): TestRedisAddress {
  return inject("redis");
}

/** A server that belongs to one test. */
export async function startTestRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const server = new TestRedisServer(await mkdtemp(join(tmpdir(), "fanwire-redis-")), options);
  for (let attempt = 1; ; attempt++) {
    server.port = await freePort();
    try {
      await server.start();
      return server;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

class TestRedisServer implements TestRedis {
  port = 0;
  readonly path: string;
  #child: ChildProcess | undefined;
  #output = "";

  constructor(readonly directory: string, readonly options: TestRedisOptions) {
    this.path = join(directory, "redis.sock");
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get extra(): Record<string, string> {
    return this.options.extra ??= {};
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const { command, env } = await findRedisServer();
    const child = spawn(command, this.#arguments(), { env, cwd: this.directory, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    child.once("exit", () => running.delete(child));
    this.#output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => { this.#output = (this.#output + chunk.toString()).slice(-4_000); });
    this.#child = child;
    const answered = await waitFor(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return "ended";
      const state = await inspectRedis(this.path);
      return state?.pid === child.pid && !state?.loading ? "ready" : undefined;
    }, { what: "the test's Redis to answer", timeoutMs: 20_000 });
    if (answered === "ended") throw new Error(`The test's Redis does not start: ${this.#output}`);
  }

  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.#end("SIGTERM");
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#end("SIGKILL");
    await rm(this.directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }

  #arguments(): string[] {
    const { aof, extra = {} } = this.options;
    const settings: Record<string, string> = {
      port: String(this.port), bind: "127.0.0.1", unixsocket: this.path, unixsocketperm: "700", dir: this.directory, save: "",
      "maxmemory-policy": "noeviction", "hash-max-listpack-entries": "64", "enable-debug-command": "local",
      ...(aof === undefined ? { appendonly: "no" } : { appendonly: "yes", appendfsync: aof }),
      ...extra,
    };
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  }
}

declare module "vitest" {
  interface ProvidedContext {
    redis: TestRedisAddress;
  }
}
