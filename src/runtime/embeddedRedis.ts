/** Starts, shares, watches and stops the Redis that a data folder belongs to. */

import { spawn } from "node:child_process";
import { open, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { FanwireError } from "../errors.js";
import type { Log } from "./log.js";
import { identityOf, isIdentityAlive, isProcessAlive } from "./processes.js";
import { withProcessLock } from "./processLock.js";
import { defaultCacheDir, findRedisServer } from "./redisBinary.js";
import type { RedisServerProgram } from "./redisBinary.js";
import { inspectRedis, setRedisOption, watchRedis } from "./redisControl.js";
import type { RedisState } from "./redisControl.js";
import { countUsers, makeRedisFolders, registerUser } from "./redisFolders.js";
import type { RedisFolders } from "./redisFolders.js";

export interface StartRedisOptions {
  dataDir: string;
  /** `always`: an answered write survives a crash; `everysec`: up to 2 s of them may be lost. */
  durability: "everysec" | "always";
  log: Log;
  /** Where a fetched program is kept. */
  cacheDir?: string;
}

export interface RunningRedis {
  /** Path of the unix socket; stays the same when Redis is restarted. */
  readonly path: string;
  /** Of the Redis that runs now. */
  readonly pid: number;
  readonly version: string;
  /** Stops Redis with all data on disk, unless another process still uses it. May be called more than once. */
  stop(): Promise<void>;
}

const LOCK_TIMEOUT_MS = 60_000;
/** Until it answers at all; reading a large data set afterwards may take as long as it takes. */
const ANSWER_TIMEOUT_MS = 15_000;
const ANSWER_STEP_MS = 1_000;
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 15;
const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 10_000;
const MOST_LOG_BYTES = 10 << 20;

/**
 * A Redis on a private socket with its data under `dataDir`. One that already runs for that folder is shared: another process
 * started it, or it outlived a process that was killed. The last process to stop stops it. When it dies it is started again.
 * @throws FanwireError UNAVAILABLE when there is no program to start, or when Redis refuses to start, with its own words.
 */
export async function startRedis(options: StartRedisOptions): Promise<RunningRedis> {
  const folders = await makeRedisFolders(options.dataDir);
  const supervisor = new RedisSupervisor(folders, options);
  await supervisor.start();
  return supervisor;
}

class RedisSupervisor implements RunningRedis {
  readonly path: string;
  #state: RedisState = { pid: 0, version: "", loading: true };
  #program: RedisServerProgram | undefined;
  #unregister: () => Promise<void> = async () => {};
  #unwatch: () => void = () => {};
  #stopping: Promise<void> | undefined;
  #recovery: Promise<void> = Promise.resolve();
  readonly #abort = new AbortController();

  constructor(readonly folders: RedisFolders, readonly options: StartRedisOptions) {
    this.path = folders.socket;
  }

  get pid(): number {
    return this.#state.pid;
  }

  get version(): string {
    return this.#state.version;
  }

  async start(): Promise<void> {
    this.#unregister = await registerUser(this.folders);
    try {
      await this.#ensure();
    } catch (error) {
      await this.#unregister();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  /** Joins the Redis that answers on the socket, or starts one; the lock keeps two processes from starting two. */
  async #ensure(): Promise<void> {
    await withProcessLock(this.folders.run, "start", LOCK_TIMEOUT_MS, async () => {
      const { log } = this.options;
      const running = await findRunning(this.folders);
      if (running) {
        this.#state = running;
        await this.#adoptDurability();
        log.info({ pid: running.pid, version: running.version, socket: this.path }, "Sharing the Redis that already runs for this data folder");
      } else {
        this.#program ??= await findRedisServer(this.options.cacheDir ?? defaultCacheDir(), log);
        this.#state = await launch(this.#program, this.folders, this.options.durability);
        log.info({ pid: this.pid, version: this.version, socket: this.path }, "Redis started");
      }
    });
    await this.#untilLoaded();
    this.#unwatch = watchRedis(this.path, () => this.#onClosed());
  }

  /** A shared Redis is never made less durable than another process asked for. */
  async #adoptDurability(): Promise<void> {
    const alone = await countUsers(this.folders) <= 1;
    if (alone || this.options.durability === "always") await setRedisOption(this.path, "appendfsync", this.options.durability);
  }

  async #untilLoaded(): Promise<void> {
    while (this.#state.loading) {
      await delay(POLL_MS * 4, undefined, { signal: this.#abort.signal });
      const state = await inspectRedis(this.path);
      if (state === undefined) throw new FanwireError("UNAVAILABLE", `Redis died while it read its data. ${await lastWords(this.folders)}`);
      this.#state = state;
    }
  }

  #onClosed(): void {
    if (this.#abort.signal.aborted) return;
    this.#recovery = this.#recover();
  }

  async #recover(): Promise<void> {
    const { log } = this.options;
    const { signal } = this.#abort;
    log.error({ pid: this.pid, redis: await lastWords(this.folders) }, "The connection to Redis was lost; starting it again if it died");
    for (let backoffMs = FIRST_BACKOFF_MS; !signal.aborted; backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS)) {
      // A process of its own that is just being stopped still answers for a moment; the next round sees it gone.
      await delay(backoffMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        return await this.#ensure();
      } catch (error) {
        if (!signal.aborted) log.error({ error: (error as Error).message, backoffMs }, "Redis could not be started again");
      }
    }
  }

  async #stop(): Promise<void> {
    this.#abort.abort();
    await this.#recovery;
    this.#unwatch();
    await withProcessLock(this.folders.run, "start", LOCK_TIMEOUT_MS, async () => {
      await this.#unregister();
      if (await countUsers(this.folders) > 0) {
        this.options.log.info({ pid: this.pid }, "Redis goes on: another process uses it");
        return;
      }
      const running = await inspectRedis(this.path);
      if (running) await terminate(running.pid);
      this.options.log.info({ pid: running?.pid }, "Redis stopped");
    });
  }
}

/**
 * The Redis of these folders, if there is one. One that lives but does not answer (stopped, or busy with a long script) is waited
 * for: a second server beside it would write into the same files.
 * @throws FanwireError UNAVAILABLE when it goes on not to answer.
 */
async function findRunning(folders: RedisFolders): Promise<RedisState | undefined> {
  const deadlineMs = Date.now() + ANSWER_TIMEOUT_MS;
  for (;;) {
    const state = await inspectRedis(folders.socket, ANSWER_STEP_MS);
    if (state) return state;
    const identity = await readFile(folders.serverIdentity, "utf8").catch(() => "");
    if (!isIdentityAlive(identity)) return undefined;
    if (Date.now() > deadlineMs) {
      throw new FanwireError("UNAVAILABLE", `Redis (process ${identity.split(":")[0]}) holds ${folders.data} and does not answer. ${await lastWords(folders)}`);
    }
    await delay(POLL_MS * 4);
  }
}

/** Detached: a Ctrl-C at the terminal goes to the whole group, and Redis must outlive the server's own orderly stop. */
async function launch(program: RedisServerProgram, folders: RedisFolders, durability: string): Promise<RedisState> {
  const logBytes = await stat(folders.logFile).then((found) => found.size, () => 0);
  if (logBytes > MOST_LOG_BYTES) await truncate(folders.logFile);
  const output = await open(folders.logFile, "a", 0o600);
  try {
    const child = spawn(program.command, redisArguments(folders, durability), {
      env: program.env, cwd: folders.data, detached: true, stdio: ["ignore", output.fd, output.fd],
    });
    let failure: string | undefined;
    child.on("error", (error) => { failure = error.message; });
    child.on("exit", (code, signal) => { failure = signal ? `it was ended by ${signal}` : `it ended with code ${code}`; });
    child.unref();
    if (child.pid !== undefined) await writeFile(folders.serverIdentity, identityOf(child.pid), { mode: 0o600 });
    const deadlineMs = Date.now() + ANSWER_TIMEOUT_MS;
    for (;;) {
      const state = await inspectRedis(folders.socket);
      if (state !== undefined && state.pid === child.pid) return state;
      if (failure !== undefined) throw new FanwireError("UNAVAILABLE", `Redis does not start: ${failure}. ${await lastWords(folders)}`);
      if (Date.now() > deadlineMs) {
        child.kill("SIGKILL");
        throw new FanwireError("UNAVAILABLE", `Redis did not answer within ${ANSWER_TIMEOUT_MS} ms. ${await lastWords(folders)}`);
      }
      await delay(POLL_MS);
    }
  } finally {
    await output.close();
  }
}

function redisArguments(folders: RedisFolders, durability: string): string[] {
  return [
    ["port", "0"],
    ["unixsocket", folders.socket],
    ["unixsocketperm", "700"],
    ["dir", folders.data],
    ["appendonly", "yes"],
    ["appendfsync", durability],
    ["save", ""],
    ["maxmemory-policy", "noeviction"],
    ["hash-max-listpack-entries", "64"],
    ["daemonize", "no"],
    ["logfile", ""],
  ].flatMap(([name, value]) => [`--${name}`, value ?? ""]);
}

/** Redis writes and syncs its append-only file before it obeys; it refuses while it cannot, so it is asked again. */
async function terminate(pid: number): Promise<void> {
  const deadlineMs = Date.now() + STOP_TIMEOUT_MS;
  for (let asked = 0; isProcessAlive(pid); asked++) {
    if (Date.now() > deadlineMs) throw new FanwireError("UNAVAILABLE", `Redis (process ${pid}) does not stop; look into its log`);
    if (asked % 100 === 0) signalTerm(pid);
    await delay(POLL_MS);
  }
}

function signalTerm(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** What Redis itself said last, for errors. */
async function lastWords(folders: RedisFolders): Promise<string> {
  const text = await readFile(folders.logFile, "utf8").catch(() => "");
  const lines = text.trimEnd().split("\n").slice(-3).join(" | ");
  return lines === "" ? `Its log is ${folders.logFile}` : `Its log (${folders.logFile}) ends: ${lines}`;
}
