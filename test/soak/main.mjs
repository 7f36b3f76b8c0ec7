/**
 * Runs the proofs for a long time with fresh seeds: a million items once, then model runs, crashes, control and faults in
 * turns, until SOAK_MINUTES (default 30) are over or something fails. Every seed is in what it prints.
 */

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MINUTE_MS = 60_000;
const minutes = Number(process.env.SOAK_MINUTES ?? 30);
if (!(minutes > 0)) throw new Error(`SOAK_MINUTES is ${process.env.SOAK_MINUTES}; it must be a number of minutes above 0`);
const endMs = Date.now() + minutes * MINUTE_MS;

/** A part takes a third of the time that is left when it begins, between one minute and five; the faults take as long as they do. */
const PARTS = [
  { name: "model", files: ["test/model/reference.test.ts", "test/model/workers.test.ts"], env: (ms) => ({ FANWIRE_MODEL_RUNS: 1_000_000, FANWIRE_MODEL_LONGEST_MS: ms }) },
  { name: "crashes", files: ["test/model/crashes.test.ts"], env: (ms) => ({ FANWIRE_CRASH_RUNS: 1_000_000, FANWIRE_MODEL_LONGEST_MS: ms }) },
  {
    name: "control", files: ["test/engine/control/interleavings.test.ts", "test/model/control.test.ts"],
    env: (ms) => ({ FANWIRE_CONTROL_RUNS: 1_000_000, FANWIRE_CONTROL_LONGEST_MS: ms, FANWIRE_CONTROL_MODEL_RUNS: 1_000_000, FANWIRE_MODEL_LONGEST_MS: ms }),
  },
  { name: "faults", files: ["test/faults"], env: () => ({}) },
];

/** Resolves with whether it passed. What the tests report of themselves is shown, everything is kept in .cache/soak. */
function run(name, files, env) {
  const startedMs = Date.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...files], {
      cwd: ROOT, env: { ...process.env, ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)])), NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { output += chunk; });
    child.once("close", (code) => {
      mkdirSync(`${ROOT}.cache/soak`, { recursive: true });
      writeFileSync(`${ROOT}.cache/soak/${startedMs}-${name}.txt`, output);
      const told = output.split("\n").filter((line) => /^(model|control|wide)\b.*:/.test(line));
      process.stdout.write(`${code === 0 ? "passed" : "FAILED"} ${name} in ${Math.round((Date.now() - startedMs) / 1_000)} s\n${told.map((line) => `  ${line}\n`).join("")}`);
      if (code !== 0) process.stdout.write(output.slice(-20_000));
      resolve(code === 0);
    });
  });
}

/** Fewer than 100,000 are done before what is to happen meanwhile has happened. */
const items = Number(process.env.SOAK_ITEMS ?? 1_000_000);
let passed = await run("wide", ["test/engine/wideExpansion.test.ts"], { FANWIRE_WIDE_ITEMS: items });
for (let turn = 0; passed && Date.now() < endMs; turn++) {
  const { name, files, env } = PARTS[turn % PARTS.length];
  const ms = Math.max(MINUTE_MS, Math.min(5 * MINUTE_MS, (endMs - Date.now()) / 3));
  passed = await run(name, files, env(Math.round(ms)));
}
process.stdout.write(passed ? `soak: ${minutes} minutes without a failure\n` : "soak: FAILED\n");
process.exitCode = passed ? 0 : 1;
