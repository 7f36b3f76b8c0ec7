/** Finds a Redis server program to start: on the PATH, or from the distribution's packages, unpacked into a cache. */

import { execFile } from "node:child_process";
import { access, constants, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { FanwireError } from "../errors.js";
import { debianRelease, libraryFolders, unpackDebianPackages } from "./debianPackages.js";
import type { Log } from "./log.js";
import { silentLog } from "./log.js";
import { withProcessLock } from "./processLock.js";

const run = promisify(execFile);
const NAMES = ["redis-server", "valkey-server"];
/** Scripts with `#!lua` flags came with Redis 7.0. */
const LEAST_MAJOR = 7;
const FETCH_TIMEOUT_MS = 300_000;

export interface RedisServerProgram {
  /** Absolute path. */
  command: string;
  /** The whole environment to start it with. */
  env: NodeJS.ProcessEnv;
  /** For example 7.0.15. */
  version: string;
}

/** `$XDG_CACHE_HOME/fanwire`, else `~/.cache/fanwire`: shared by every clone and data folder of a user. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "fanwire");
}

/**
 * A `redis-server` or `valkey-server` of version 7 or later; the first call on Debian or Ubuntu without one downloads about
 * 11 MB into `cacheDir`. Safe to call from many processes at once.
 * @throws FanwireError UNAVAILABLE that says what was tried and what to install.
 */
export async function findRedisServer(cacheDir: string = defaultCacheDir(), log: Log = silentLog, env: NodeJS.ProcessEnv = process.env): Promise<RedisServerProgram> {
  const tried: string[] = [];
  return await fromPath(tried, env) ?? await fromPackages(cacheDir, log, tried, env) ?? refuse(tried);
}

function refuse(tried: string[]): never {
  throw new FanwireError("UNAVAILABLE", [
    `No Redis server of version ${LEAST_MAJOR} or later could be found (${tried.join("; ")}).`,
    "Install one (Debian, Ubuntu: apt install redis-server; Fedora: dnf install valkey; macOS: brew install redis)",
    "or set REDIS_URL to a running one.",
  ].join(" "), { retryable: false });
}

async function fromPath(tried: string[], env: NodeJS.ProcessEnv): Promise<RedisServerProgram | undefined> {
  for (const name of NAMES) {
    for (const folder of (env.PATH ?? "").split(delimiter).filter((entry) => entry !== "")) {
      const command = join(folder, name);
      if (!await isExecutable(command)) continue;
      const program = await inspect(command, env, tried);
      if (program) return program;
    }
  }
  if (tried.length === 0) tried.push(`no ${NAMES.join(" or ")} on the PATH`);
  return undefined;
}

async function fromPackages(cacheDir: string, log: Log, tried: string[], env: NodeJS.ProcessEnv): Promise<RedisServerProgram | undefined> {
  const release = await debianRelease();
  if (release === undefined) {
    tried.push("packages can be fetched on Debian and Ubuntu only");
    return undefined;
  }
  for (const name of NAMES) {
    // The release is part of the name: home folders are shared by machines whose libraries differ.
    const folder = join(cacheDir, `${name}-${release}`);
    try {
      const program = await unpacked(folder, name, env, tried) ?? await withProcessLock(cacheDir, `${name}-${release}.lock`, FETCH_TIMEOUT_MS, async () =>
        await unpacked(folder, name, env, tried) ?? await fetchInto(folder, name, log, env, tried));
      if (program) return program;
    } catch (error) {
      tried.push(`the package ${name}: ${(error as Error).message.trim()}`);
    }
  }
  return undefined;
}

/** Unpacks beside `folder` and moves the whole into place, so that a half-unpacked program is never seen. */
async function fetchInto(folder: string, name: string, log: Log, env: NodeJS.ProcessEnv, tried: string[]): Promise<RedisServerProgram | undefined> {
  log.info({ package: name, folder }, "No Redis server on the PATH: fetching the distribution's package, once");
  await removeLeftovers(folder);
  const temporary = await mkdtemp(`${folder}.new-`);
  try {
    // The server is a link into the tools: they are needed even where the system has them.
    await unpackDebianPackages([name, name.replace("server", "tools")], temporary);
    if (!await unpacked(temporary, name, env, tried)) return undefined;
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return unpacked(folder, name, env, tried);
}

/** What a process that was killed while it fetched has left; the caller holds the lock, so nobody works there now. */
async function removeLeftovers(folder: string): Promise<void> {
  const siblings = await readdir(dirname(folder));
  const leftovers = siblings.filter((entry) => entry.startsWith(`${basename(folder)}.new-`));
  await Promise.all(leftovers.map((entry) => rm(join(dirname(folder), entry), { recursive: true, force: true })));
}

async function unpacked(folder: string, name: string, env: NodeJS.ProcessEnv, tried: string[]): Promise<RedisServerProgram | undefined> {
  const command = join(folder, "usr", "bin", name);
  if (!await isExecutable(command)) return undefined;
  const libraries = [...await libraryFolders(folder), ...(env.LD_LIBRARY_PATH ? [env.LD_LIBRARY_PATH] : [])];
  return inspect(command, { ...env, LD_LIBRARY_PATH: libraries.join(delimiter) }, tried);
}

async function inspect(command: string, env: NodeJS.ProcessEnv, tried: string[]): Promise<RedisServerProgram | undefined> {
  try {
    const { stdout } = await run(command, ["--version"], { env, timeout: 10_000 });
    const version = /\bv=(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    if (version !== undefined && Number(version.split(".")[0]) >= LEAST_MAJOR) return { command, env, version };
    tried.push(`${command} is ${version === undefined ? "of an unknown version" : `version ${version}`}`);
  } catch (error) {
    tried.push(`${command} does not start: ${(error as Error).message.trim().split("\n").pop() ?? ""}`);
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(() => true, () => false);
}
