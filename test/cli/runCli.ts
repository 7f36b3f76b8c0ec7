/** Runs a Node program, by default the built command line, as a person would: a process with arguments, output and an exit code. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CLI = `${ROOT}dist/cli/main.js`;

export interface RunResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Over the environment, from which FANWIRE_URL is taken out. */
  env?: NodeJS.ProcessEnv;
  /** Default: the repository. */
  cwd?: string;
}

export interface StartedProgram {
  /** Grows while it runs. */
  readonly output: RunResult;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<RunResult>;
}

/** @throws Error when the command line is not built */
export function startCli(args: readonly string[], options: RunOptions = {}): StartedProgram {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing: build first (npm run build)`);
  return startNode([CLI, ...args], options);
}

export function runCli(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return startCli(args, options).ended;
}

export function runNode(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return startNode(args, options).ended;
}

export function startNode(args: readonly string[], options: RunOptions): StartedProgram {
  const { FANWIRE_URL: _own, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: options.cwd ?? ROOT, env: { ...env, ...options.env }, stdio: ["ignore", "pipe", "pipe"],
  });
  const output: RunResult = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => { output.stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { output.stderr += text; });
  const ended = new Promise<RunResult>((resolve, reject) => {
    child.once("error", reject).once("close", (code) => {
      output.code = code;
      resolve(output);
    });
  });
  return { output, ended, kill: (signal) => { child.kill(signal); } };
}
