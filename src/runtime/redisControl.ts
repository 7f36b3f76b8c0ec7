/** The few questions the supervisor asks its own Redis, over a unix socket and without a client library. */

import { connect } from "node:net";
import type { Socket } from "node:net";

export interface RedisState {
  pid: number;
  version: string;
  /** True while it still reads its data from disk. */
  loading: boolean;
}

/** The state of the Redis behind a socket; undefined when none answers. */
export async function inspectRedis(path: string, timeoutMs = 5_000): Promise<RedisState | undefined> {
  try {
    const info = await ask(path, ["INFO"], timeoutMs);
    const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
    const pid = Number(field("process_id"));
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { pid, version: field("redis_version") ?? "unknown", loading: field("loading") !== "0" };
  } catch {
    return undefined;
  }
}

/** @throws Error with Redis's own words. */
export async function setRedisOption(path: string, name: string, value: string, timeoutMs = 5_000): Promise<void> {
  await ask(path, ["CONFIG", "SET", name, value], timeoutMs);
}

/** Calls `onClosed` once when the connection to the socket ends, which is when Redis dies; the returned function ends the watch. */
export function watchRedis(path: string, onClosed: () => void): () => void {
  const socket = connect(path);
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    onClosed();
  };
  // Nobody should be kept running by the watch alone.
  socket.unref();
  socket.on("error", () => {}).on("close", end);
  socket.resume();
  return () => {
    over = true;
    socket.destroy();
  };
}

async function ask(path: string, words: string[], timeoutMs: number): Promise<string> {
  const socket = connect(path);
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.setTimeout(timeoutMs, () => reject(new Error(`Redis at ${path} did not answer in ${timeoutMs} ms`)));
      socket.on("error", reject).on("close", () => reject(new Error(`Redis at ${path} closed the connection`)));
      readReply(socket, resolve, reject);
      socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
    });
  } finally {
    socket.destroy();
  }
}

/** Status and bulk replies are all that INFO and CONFIG SET give. */
function readReply(socket: Socket, resolve: (text: string) => void, reject: (error: Error) => void): void {
  let received = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const headEnd = received.indexOf("\r\n");
    if (headEnd < 0) return;
    const head = received.toString("utf8", 1, headEnd);
    const kind = String.fromCharCode(received[0] ?? 0);
    if (kind === "-") return reject(new Error(head));
    if (kind !== "$") return resolve(head);
    const bodyEnd = headEnd + 2 + Number(head);
    if (received.length >= bodyEnd) resolve(received.toString("utf8", headEnd + 2, bodyEnd));
  });
}
