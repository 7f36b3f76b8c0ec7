/** Connections to Redis: how they reconnect, and what each of a process's three is for. */

import { Redis, type RedisOptions } from "ioredis";

export type { Redis } from "ioredis";
/** Where Redis is: a URL, or the path of a Unix socket. */
export type RedisAddress = { url: string } | { path: string };

export interface Connections {
  /** Reads; those of one turn of the event loop share a write. */
  reads: Redis;
  /** Scripts, which go out at once and in order: a claim sent after a submission finds it. */
  scripts: Redis;
  /** Pub/sub. Without the ready check, during which a SUBSCRIBE would be lost. */
  subscriber: Redis;
  close(): void;
}

/** How long a command waits for its answer before it is sent again. */
const COMMAND_TIMEOUT_MS = 15_000;

export function connect(address: RedisAddress, onError: (error: Error) => void): Connections {
  const shared: RedisOptions = { maxRetriesPerRequest: null, retryStrategy: (times) => Math.min(1000, 25 * 2 ** Math.min(times, 6)) };
  const open = (more: RedisOptions): Redis =>
    ("url" in address ? new Redis(address.url, { ...shared, ...more }) : new Redis({ ...shared, path: address.path, ...more })).on("error", onError);
  const reads = open({ enableAutoPipelining: true });
  const scripts = open({ commandTimeout: COMMAND_TIMEOUT_MS });
  const subscriber = open({ enableReadyCheck: false });
  return {
    reads, scripts, subscriber,
    close: () => { for (const connection of [reads, scripts, subscriber]) connection.disconnect(); },
  };
}
