/** The lock between processes: one holder at a time, and none that is dead. */

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withProcessLock } from "../../src/runtime/processLock.js";
import { identityOf, isIdentityAlive, ownIdentity } from "../../src/runtime/processes.js";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fanwire-lock-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** The identity of a process that has ended. */
function deadIdentity(): string {
  return `${spawnSync(process.execPath, ["-e", ""]).pid}:1`;
}

test("of many that want it at once, one works at a time, and all get it", async () => {
  let inside = 0;
  let most = 0;
  let runs = 0;
  await Promise.all(Array.from({ length: 20 }, () => withProcessLock(directory, "x", 20_000, async () => {
    most = Math.max(most, ++inside);
    await turn();
    runs++;
    inside--;
  })));
  expect([most, runs]).toEqual([1, 20]);
  expect(await readdir(directory)).toHaveLength(1);
});

test("a dead holder's lock is taken over by exactly one of many", async () => {
  await writeFile(join(directory, "x.7"), deadIdentity());
  let inside = 0;
  let most = 0;
  await Promise.all(Array.from({ length: 10 }, () => withProcessLock(directory, "x", 20_000, async () => {
    most = Math.max(most, ++inside);
    await turn();
    inside--;
  })));
  expect(most).toBe(1);
});

test("a living holder's lock is not taken", async () => {
  await writeFile(join(directory, "x.1"), identityOf(process.ppid));
  await expect(withProcessLock(directory, "x", 100, async () => "taken")).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("work that fails gives the lock back", async () => {
  await expect(withProcessLock(directory, "x", 1_000, async () => { throw new Error("no"); })).rejects.toThrow("no");
  expect(await withProcessLock(directory, "x", 1_000, async () => "next")).toBe("next");
});

test("a later process with a dead one's id is not taken for it", () => {
  expect(isIdentityAlive(ownIdentity())).toBe(true);
  expect(isIdentityAlive(`${process.pid}:1`)).toBe(process.platform !== "linux");
  expect(isIdentityAlive("nonsense")).toBe(false);
});
