/** A Chromium for tests of pages: the system's, or on Debian as root the distribution's package. */

import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { LaunchOptions } from "playwright-core";

const run = promisify(execFile);
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const INSTALL_TIMEOUT_MS = 300_000;

/** Nothing that calls home, and no sandbox, which containers without user namespaces cannot have. */
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/**
 * For `chromium.launch()` of playwright-core.
 * @throws Error that says what to install.
 */
export async function chromiumLaunchOptions(): Promise<LaunchOptions> {
  const executablePath = await fromPath() ?? await install();
  return { executablePath, headless: true, args: FLAGS };
}

async function fromPath(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter).filter((entry) => entry !== "")) {
    for (const name of NAMES) {
      const path = join(folder, name);
      if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
    }
  }
  return undefined;
}

async function install(): Promise<string> {
  const advice = "These tests need Chromium: install it (Debian: apt install chromium) or put one on the PATH.";
  if (process.getuid?.() !== 0) throw new Error(advice);
  const options = { timeout: INSTALL_TIMEOUT_MS, maxBuffer: 64 << 20, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  try {
    await run("apt-get", ["update"], options).catch(() => undefined);
    await run("apt-get", ["install", "--yes", "--no-install-recommends", "chromium"], options);
  } catch (error) {
    throw new Error(`${advice} apt-get failed: ${(error as Error).message}`, { cause: error });
  }
  const found = await fromPath();
  if (found === undefined) throw new Error(advice);
  return found;
}
