/** Whether another process of this machine still runs, told apart from a later process with the same id. */

import { readFileSync } from "node:fs";

/** `<pid>:<start time>`; the start time is empty where the system does not tell it cheaply. */
export type ProcessIdentity = string;

export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid);
}

export function identityOf(pid: number): ProcessIdentity {
  return `${pid}:${startTime(pid) ?? ""}`;
}

export function isIdentityAlive(identity: ProcessIdentity): boolean {
  const match = /^(\d+):(\d*)$/.exec(identity.trim());
  if (!match) return false;
  const pid = Number(match[1]);
  if (!isProcessAlive(pid)) return false;
  return match[2] === "" || startTime(pid) === match[2];
}

/** False for a zombie: an orphan is one for ever where process 1 does not reap, as in many containers. */
export function isProcessAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return statFields(pid)?.[0] !== "Z";
}

/** Clock ticks from boot to the start of the process: Linux only. */
function startTime(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** /proc/<pid>/stat from its third field (state) on; the second is a name that may hold blanks and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
