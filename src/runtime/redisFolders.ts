/** Where an embedded Redis keeps its files, and which processes use it. */

import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { FanwireError } from "../errors.js";
import { isIdentityAlive, ownIdentity } from "./processes.js";

/** A unix socket's path holds 107 bytes on Linux and 103 on macOS. */
const MOST_SOCKET_BYTES = 103;

export interface RedisFolders {
  /** Append-only files. */
  data: string;
  socket: string;
  /** Locks and users. */
  run: string;
  logFile: string;
  /** A file that names the Redis process started last. */
  serverIdentity: string;
}

/**
 * Makes the folders, private to the user. The socket lies in `<dataDir>/run`, or, where that path is too long for a socket, in a
 * folder of the system's temporary one whose name follows from the data folder, so that every process finds the same.
 * @throws FanwireError UNAVAILABLE when somebody else owns that folder.
 */
export async function makeRedisFolders(dataDir: string): Promise<RedisFolders> {
  await mkdir(resolve(dataDir), { recursive: true, mode: 0o700 });
  const root = await realpath(resolve(dataDir));
  const data = join(root, "data");
  const run = join(root, "run");
  for (const folder of [data, run, join(run, "users")]) await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(run, 0o700);
  const near = join(run, "redis.sock");
  const socket = Buffer.byteLength(near) <= MOST_SOCKET_BYTES ? near : await socketInTemporaryFolder(root);
  return { data, run, socket, logFile: join(root, "redis.log"), serverIdentity: join(run, "redis.process") };
}

async function socketInTemporaryFolder(root: string): Promise<string> {
  const { uid } = userInfo();
  const name = createHash("sha256").update(root).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `fanwire-${uid}-${name}`);
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new FanwireError("UNAVAILABLE", `${folder} is not a private folder of this user, so no Redis socket can be made there. Use a shorter DATA_DIR.`, { retryable: false });
  }
  return join(folder, "redis.sock");
}

let registrations = 0;

/** Writes down that this process uses the Redis; the returned function takes it back. One process may register more than once. */
export async function registerUser(folders: RedisFolders): Promise<() => Promise<void>> {
  const path = join(folders.run, "users", `${ownIdentity()}:${registrations++}`);
  await writeFile(path, "", { mode: 0o600 });
  return async () => rm(path, { force: true });
}

/** How many uses are registered by processes that live; forgets those of dead ones. */
export async function countUsers(folders: RedisFolders): Promise<number> {
  const users = join(folders.run, "users");
  let alive = 0;
  for (const entry of await readdir(users)) {
    if (isIdentityAlive(entry.slice(0, entry.lastIndexOf(":")))) alive++;
    else await rm(join(users, entry), { force: true });
  }
  return alive;
}
