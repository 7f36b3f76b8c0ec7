/** An embedded Redis keeps its data, is shared by the processes of one data folder, and comes back when it dies. */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, lstat, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startRedis } from "../../src/runtime/embeddedRedis.js";
import type { RunningRedis, StartRedisOptions } from "../../src/runtime/embeddedRedis.js";
import { silentLog } from "../../src/runtime/log.js";
import { isProcessAlive } from "../../src/runtime/processes.js";
import { waitFor } from "../support/waitFor.js";
import { withRedis } from "../support/withRedis.js";

let dataDir: string;
let started: RunningRedis[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "fanwire-data-"));
});

afterEach(async () => {
  await Promise.all(started.map((redis) => redis.stop()));
  const elsewhere = started.map((redis) => dirname(redis.path)).filter((folder) => !folder.startsWith(dataDir));
  await Promise.all(elsewhere.map((folder) => rm(folder, { recursive: true, force: true })));
  started = [];
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<StartRedisOptions> = {}): Promise<RunningRedis> {
  const redis = await startRedis({ dataDir, durability: "everysec", log: silentLog, ...options });
  started.push(redis);
  return redis;
}

describe("a data folder's Redis", () => {
  test("keeps data over an orderly stop and start", async () => {
    const first = await start();
    await withRedis(first, (client) => client.set("kept", "yes"));
    await first.stop();
    expect(isProcessAlive(first.pid)).toBe(false);
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    expect(await withRedis(second, (client) => client.get("kept"))).toBe("yes");
  });

  test.each(["everysec", "always"] as const)("is configured so that it never drops data, with %s", async (durability) => {
    const redis = await start({ durability });
    const names = ["appendonly", "appendfsync", "save", "maxmemory-policy", "hash-max-listpack-entries", "port"];
    const values = await withRedis(redis, async (client) => Promise.all(names.map(async (name) => (await client.config("GET", name) as string[])[1])));
    expect(values).toEqual(["yes", durability, "", "noeviction", "64", "0"]);
  });

  test("can be reached by its user alone", async () => {
    const redis = await start();
    expect((await stat(join(dataDir, "run"))).mode & 0o777).toBe(0o700);
    expect((await lstat(redis.path)).mode & 0o777).toBe(0o700);
  });

  test("starts again by itself when it is killed, with its data, at the same place", async () => {
    const redis = await start({ durability: "always" });
    await withRedis(redis, (client) => client.set("kept", "yes"));
    const before = redis.pid;
    process.kill(before, "SIGKILL");
    await waitFor(() => redis.pid !== before && isProcessAlive(redis.pid), { what: "a new Redis" });
    expect(await withRedis(redis, (client) => client.get("kept"))).toBe("yes");
  });

  test("is not started again after stop()", async () => {
    const redis = await start();
    await Promise.all([redis.stop(), redis.stop()]);
    expect(isProcessAlive(redis.pid)).toBe(false);
    await expect(lstat(redis.path)).rejects.toThrow("ENOENT");
  });

  test("works where the data folder's path is too long for a socket", async () => {
    const long = join(dataDir, "x".repeat(120));
    const redis = await start({ dataDir: long });
    expect(Buffer.byteLength(redis.path)).toBeLessThanOrEqual(103);
    expect(await withRedis(redis, (client) => client.ping())).toBe("PONG");
  });

  test("that cannot read its files is reported with Redis's own words", async () => {
    await mkdir(join(dataDir, "data", "appendonlydir"), { recursive: true });
    await writeFile(join(dataDir, "data", "appendonlydir", "appendonly.aof.manifest"), "this is no manifest\n");
    await expect(start()).rejects.toThrow(/does not start.*manifest/is);
  });

  test("is not doubled while it is alive but silent", async () => {
    const redis = await start();
    process.kill(redis.pid, "SIGSTOP");
    const second = start();
    // Two seconds of silence are no proof of death: only then does the first go on.
    const early = await Promise.race([second.then(() => "started"), once(AbortSignal.timeout(2_000), "abort").then(() => "waiting")]);
    expect(early).toBe("waiting");
    process.kill(redis.pid, "SIGCONT");
    expect((await second).pid).toBe(redis.pid);
  });
});

describe("several processes on one data folder", () => {
  test("share one Redis, which the last to stop stops", async () => {
    const [first, second, third] = await Promise.all([start(), start(), start()]);
    expect(new Set([first.pid, second.pid, third.pid]).size).toBe(1);
    await first.stop();
    await third.stop();
    expect(await withRedis(second, (client) => client.ping())).toBe("PONG");
    await second.stop();
    expect(isProcessAlive(second.pid)).toBe(false);
  });

  test("agree on the stricter durability", async () => {
    const first = await start({ durability: "always" });
    await start({ durability: "everysec" });
    expect(await withRedis(first, (client) => client.config("GET", "appendfsync"))).toEqual(["appendfsync", "always"]);
  });

  test("survive a kill of Redis together, with one Redis again", async () => {
    const all = await Promise.all([start(), start(), start()]);
    const before = all[0]?.pid ?? 0;
    process.kill(before, "SIGKILL");
    await waitFor(() => all.every((redis) => redis.pid !== before && redis.pid === all[0]?.pid && isProcessAlive(redis.pid)), { what: "one new Redis for all" });
  });
});

describe("after a process was killed", () => {
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  /** A process that starts the Redis, says its id and waits. */
  async function startElsewhere(): Promise<{ child: ChildProcess; redisPid: number }> {
    const child = spawn(process.execPath, ["--import", "./test/support/typescriptLoader.mjs", "test/support/holdRedis.ts", dataDir], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const [line] = await once(child.stdout, "data") as [Buffer];
    return { child, redisPid: Number(line.toString()) };
  }

  test("its orphaned Redis is shared by the next, which stops it", async () => {
    const { child, redisPid } = await startElsewhere();
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isProcessAlive(redisPid)).toBe(true);
    const redis = await start();
    expect(redis.pid).toBe(redisPid);
    await redis.stop();
    expect(isProcessAlive(redisPid)).toBe(false);
  });

  test("together with its Redis, the stale socket and files are no obstacle", async () => {
    const { child, redisPid } = await startElsewhere();
    child.kill("SIGKILL");
    await once(child, "exit");
    process.kill(redisPid, "SIGKILL");
    await waitFor(() => !isProcessAlive(redisPid), { what: "Redis to be gone" });
    const redis = await start();
    expect(redis.pid).not.toBe(redisPid);
  });
});

test("a folder in the temporary directory that is open to others is refused", async () => {
  const long = join(dataDir, "y".repeat(120));
  const redis = await start({ dataDir: long });
  await redis.stop();
  const folder = dirname(redis.path);
  await chmod(folder, 0o777);
  await expect(start({ dataDir: long })).rejects.toThrow("private folder");
});
