/** A redis-server that belongs to one side of the benchmark alone: loopback, own folder, AOF everysec. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { findRedisServer } from "../../dist/runtime/redisBinary.js";

const READY_TIMEOUT_MS = 20_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** @returns {Promise<{ port: number, usedMemory(): Promise<number>, stop(): Promise<void> }>} usedMemory in bytes */
export async function startPrivateRedis() {
  const { command, env } = await findRedisServer();
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "fanwire-bench-"));
  // Rewriting the AOF in the midst of a run would be chance, so it is off; so are snapshots.
  const server = spawn(command, [
    "--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
    "--auto-aof-rewrite-percentage", "0", "--maxmemory-policy", "noeviction", "--loglevel", "warning",
  ], { env, stdio: "ignore" });
  const killServer = () => server.kill("SIGKILL");
  process.on("exit", killServer);
  const exited = once(server, "exit");
  const admin = new Redis({ port, host: "127.0.0.1", protocol: 2, lazyConnect: true, retryStrategy: () => 20 });
  // Refused until the server listens; what stays wrong shows in the ping below.
  admin.on("error", () => undefined);
  const stop = async () => {
    admin.disconnect();
    server.kill("SIGTERM");
    await exited;
    process.off("exit", killServer);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([
      admin.ping(),
      exited.then(([code]) => { throw new Error(`redis-server exited with ${code}`); }),
      new Promise((_, reject) => setTimeout(() => reject(new Error("redis-server did not answer")), READY_TIMEOUT_MS).unref()),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop, usedMemory: async () => Number(/used_memory:(\d+)/.exec(await admin.info("memory"))[1]) };
}
