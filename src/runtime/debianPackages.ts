/** Fetches Debian or Ubuntu packages and what they depend on, and unpacks them into a folder, without root. */

import { execFile } from "node:child_process";
import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const COMMAND_TIMEOUT_MS = 120_000;
const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]+$/;

/** Whether this system has apt and dpkg, and which release it is; undefined elsewhere. */
export async function debianRelease(): Promise<string | undefined> {
  try {
    const text = await readFile("/etc/os-release", "utf8");
    const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(text)?.[1] ?? "";
    if (!/\b(debian|ubuntu)\b/.test(`${field("ID")} ${field("ID_LIKE")}`)) return undefined;
    await run("apt-get", ["--version"], { timeout: COMMAND_TIMEOUT_MS });
    await run("dpkg", ["--version"], { timeout: COMMAND_TIMEOUT_MS });
    return `${field("ID")}-${field("VERSION_ID") || "rolling"}-${process.arch}`.replace(/[^A-Za-z0-9.-]/g, "_");
  } catch {
    return undefined;
  }
}

/**
 * Unpacks packages, with those dependencies that the system lacks, under `directory`, which must exist.
 * The system's own package lists, caches and database are only read.
 * @throws Error with apt's own words when a package cannot be had.
 */
export async function unpackDebianPackages(names: readonly string[], directory: string): Promise<void> {
  const work = join(directory, ".apt");
  await Promise.all([
    mkdir(join(work, "lists", "partial"), { recursive: true }),
    mkdir(join(work, "cache", "archives", "partial"), { recursive: true }),
    mkdir(join(work, "packages"), { recursive: true }),
  ]);
  const options = aptOptions(work);
  // A third party's source that is down must not matter; whether the lists suffice shows in the next step.
  const update = await apt([...options, "update"], work).catch((error: unknown) => error);
  try {
    const plan = await apt([...options, "--simulate", "--no-install-recommends", "install", ...names], work);
    const missing = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? "").filter((found) => PACKAGE_NAME.test(found));
    await apt([...options, "download", ...new Set([...names, ...missing])], join(work, "packages"));
  } catch (error) {
    throw update instanceof Error ? new AggregateError([update, error], `${reason(update)}; ${reason(error)}`) : error;
  }
  for (const archive of await readdir(join(work, "packages"))) {
    await run("dpkg", ["--extract", join(work, "packages", archive), directory], { timeout: COMMAND_TIMEOUT_MS });
  }
  await rm(work, { recursive: true, force: true });
}

/** Folders under `directory` that hold shared libraries, for LD_LIBRARY_PATH. */
export async function libraryFolders(directory: string): Promise<string[]> {
  const folders: string[] = [];
  for (const root of ["usr/lib", "lib"]) {
    const entries = await readdir(join(directory, root), { withFileTypes: true }).catch(() => []);
    for (const path of [root, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name))]) {
      const files = await readdir(join(directory, path));
      if (files.some((file) => /\.so(\.|$)/.test(file))) folders.push(join(directory, path));
    }
  }
  return folders;
}

function aptOptions(work: string): string[] {
  const unneeded = ["DEP-11", "DEP-11-icons-small", "DEP-11-icons", "DEP-11-icons-hidpi", "DEP-11-icons-large", "DEP-11-icons-large-hidpi", "CNF"];
  return [
    `Dir::State::lists=${work}/lists`,
    `Dir::Cache=${work}/cache`,
    "Debug::NoLocking=true",
    // As root apt would hand the work to a user who cannot write here.
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
    "Acquire::Retries=2",
    "Acquire::http::Timeout=20",
    "Acquire::https::Timeout=20",
    ...unneeded.map((target) => `Acquire::IndexTargets::deb::${target}::DefaultEnabled=false`),
  ].flatMap((option) => ["-o", option]);
}

async function apt(args: string[], cwd: string): Promise<string> {
  const { stdout } = await run("apt-get", args, {
    cwd, timeout: COMMAND_TIMEOUT_MS, maxBuffer: 64 << 20, env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
  });
  return stdout;
}

/** apt's own error lines, without the command line that node puts before them. */
function reason(error: unknown): string {
  const stderr = (error as { stderr?: string }).stderr ?? "";
  const lines = stderr.split("\n").filter((line) => line.startsWith("E:"));
  return lines.length > 0 ? lines.join(" ") : error instanceof Error ? error.message.split("\n")[0] ?? "" : String(error);
}
