/** Finding a Redis program: the PATH first, never one that is too old, the distribution's packages next, else advice. */

import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultCacheDir, findRedisServer } from "../../src/runtime/redisBinary.js";
import { silentLog } from "../../src/runtime/log.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fanwire-binary-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A program that answers --version as that server does. */
async function program(name: string, version: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\necho "Redis server v=${version} sha=0:0 malloc=libc bits=64"\n`);
  await chmod(join(folder, name), 0o755);
}

test("a server on the PATH is taken", async () => {
  await program("valkey-server", "8.0.1");
  expect(await findRedisServer(join(folder, "cache"), silentLog, { PATH: folder })).toMatchObject({ command: join(folder, "valkey-server"), version: "8.0.1" });
});

test("a server that is too old is passed over for a newer one further down the PATH", async () => {
  await program("redis-server", "6.2.14");
  const second = join(folder, "second");
  await mkdir(second);
  const first = folder;
  folder = second;
  await program("redis-server", "7.2.4");
  folder = first;
  expect(await findRedisServer(join(folder, "cache"), silentLog, { PATH: `${first}:${second}` })).toMatchObject({ command: join(second, "redis-server") });
});

test("where nothing can be had, one error says what was tried and what to install", async () => {
  await program("redis-server", "6.2.14");
  // A file where the cache folder should be: nothing can be unpacked there.
  await writeFile(join(folder, "cache"), "");
  await expect(findRedisServer(join(folder, "cache"), silentLog, { PATH: folder })).rejects.toMatchObject({
    code: "UNAVAILABLE", retryable: false, message: expect.stringMatching(/redis-server is version 6\.2\.14.*apt install redis-server.*REDIS_URL/),
  });
});

test("what was found for these tests runs, and no half-unpacked folder is left in the cache", async () => {
  const found = await findRedisServer();
  expect(Number(found.version.split(".")[0])).toBeGreaterThanOrEqual(7);
  const entries = await readdir(defaultCacheDir()).catch(() => []);
  expect(entries.filter((entry) => entry.includes(".new-"))).toEqual([]);
});

test("the cache follows XDG_CACHE_HOME", () => {
  expect(defaultCacheDir({ XDG_CACHE_HOME: "/c" })).toBe("/c/fanwire");
});
