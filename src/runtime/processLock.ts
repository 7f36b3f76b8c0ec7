/** A lock between the processes of one machine that a dead holder cannot keep. */

import { link, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { FanwireError } from "../errors.js";
import { isIdentityAlive, ownIdentity } from "./processes.js";

const RETRY_MS = 20;
const FREE = "free";

/**
 * Runs `work` while no other process (nor another call in this one) holds the lock `name` of `directory`.
 *
 * The lock is a file that names its holder, and each holder makes the next number: taking over from a dead holder is then
 * one atomic link(2) to a fresh name, which only one of several candidates can win. Deleting a stale file could not say that.
 * @throws FanwireError UNAVAILABLE when the lock stays held for `timeoutMs`.
 */
export async function withProcessLock<T>(directory: string, name: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const held = await acquire(directory, name, timeoutMs);
  try {
    return await work();
  } finally {
    await release(directory, name, held);
  }
}

async function acquire(directory: string, name: string, timeoutMs: number): Promise<number> {
  const deadlineMs = Date.now() + timeoutMs;
  const mine = await writePrivate(directory, name, ownIdentity());
  try {
    for (;;) {
      const taken = await tryTake(directory, name, mine);
      if (taken !== undefined) return taken;
      if (Date.now() > deadlineMs) {
        throw new FanwireError("UNAVAILABLE", `Another process has held ${join(directory, name)} for ${timeoutMs} ms`);
      }
      await delay(RETRY_MS);
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** The number taken, or undefined while somebody else holds the lock or was faster. */
async function tryTake(directory: string, name: string, mine: string): Promise<number | undefined> {
  const newest = Math.max(0, ...await numbers(directory, name));
  if (newest > 0) {
    const holder = await readFile(file(directory, name, newest), "utf8").catch(() => undefined);
    if (holder === undefined || (holder !== FREE && isIdentityAlive(holder))) return undefined;
  }
  const number = newest + 1;
  try {
    await link(mine, file(directory, name, number));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  }
  const all = await numbers(directory, name);
  if (Math.max(...all) > number) {
    // A slow candidate can make a number that was used and cleaned away meanwhile: only the newest counts.
    await rm(file(directory, name, number), { force: true });
    return undefined;
  }
  await Promise.all(all.filter((other) => other < number).map((other) => rm(file(directory, name, other), { force: true })));
  return number;
}

async function release(directory: string, name: string, number: number): Promise<void> {
  await rename(await writePrivate(directory, name, FREE), file(directory, name, number));
}

let privateFiles = 0;

async function writePrivate(directory: string, name: string, text: string): Promise<string> {
  const path = join(directory, `.${name}-${process.pid}-${privateFiles++}`);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

async function numbers(directory: string, name: string): Promise<number[]> {
  const prefix = `${name}.`;
  return (await readdir(directory))
    .filter((entry) => entry.startsWith(prefix) && /^\d+$/.test(entry.slice(prefix.length)))
    .map((entry) => Number(entry.slice(prefix.length)));
}

function file(directory: string, name: string, number: number): string {
  return join(directory, `${name}.${number}`);
}
