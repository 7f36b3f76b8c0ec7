/**
 * Runs the catalogue of faults: `npm run faults [-- --only T9,I6] [--runs N]`. Each run has fresh seeds, which the tests print; what they print is
 * kept in .cache/faults. Prints a line per fault and promise: passed, FAILED, or why there is no test.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { values } = parseArgs({ options: { only: { type: "string" }, runs: { type: "string", default: "1" } } });
const catalogue = JSON.parse(readFileSync(`${ROOT}test/faults/catalogue.json`, "utf8"));
const all = [...catalogue.faults, ...catalogue.invariants];
const wanted = values.only?.split(",") ?? all.map(({ id }) => id);
const rows = all.filter(({ id }) => wanted.includes(id));
const unknown = wanted.filter((id) => !rows.some((row) => row.id === id));
const runs = Number(values.runs);
if (unknown.length > 0 || !(runs >= 1)) {
  process.stderr.write(unknown.length > 0 ? `The catalogue has no ${unknown.join(", ")}\n` : "--runs must be a whole number from 1 on\n");
  process.exit(2);
}

let failed = false;

/** A test's name as the catalogue has it stands for all that a table makes of it. */
function matches(title, name) {
  const parts = name.split(/%[sid]/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(title);
}

/** @returns what became of each test: file, title, status */
async function runTests(files, run) {
  mkdirSync(`${ROOT}.cache/faults`, { recursive: true });
  // Those of an earlier run must not pass for this one's.
  rmSync(`${ROOT}.cache/test-results.json`, { force: true });
  const child = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...files], { cwd: ROOT, env: { ...process.env, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { output += chunk; });
  const code = await new Promise((resolve) => child.once("close", resolve));
  writeFileSync(`${ROOT}.cache/faults/${Date.now()}-${run}.txt`, output);
  for (const line of output.split("\n")) if (/\bseed \d+/.test(line)) process.stdout.write(`  ${line.trim()}\n`);
  // Written by every run of the tests (vitest.config.ts).
  if (!existsSync(`${ROOT}.cache/test-results.json`)) throw new Error(`The tests ended with ${code} before they told anything:\n${output.slice(-4_000)}`);
  if (code !== 0) failed = true;
  const { testResults } = JSON.parse(readFileSync(`${ROOT}.cache/test-results.json`, "utf8"));
  return testResults.flatMap(({ name, assertionResults }) => assertionResults.map(({ title, status }) => ({ file: name.slice(ROOT.length), title, status })));
}

for (let run = 1; run <= runs; run += 1) {
  const tests = (row) => [...(row.tests ?? []), ...(row.controls ?? [])];
  const files = [...new Set(rows.flatMap(tests).map(([file]) => file))];
  process.stdout.write(`run ${run} of ${runs}\n`);
  const results = files.length === 0 ? [] : await runTests(files, run);
  for (const row of rows) {
    const of = tests(row).map(([file, name]) => results.filter((result) => result.file === file && matches(result.title, name)));
    const passed = of.every((found) => found.length > 0 && found.every(({ status }) => status === "passed"));
    if (row.not === undefined && !passed) failed = true;
    process.stdout.write(`${row.id.padEnd(4)} ${row.not === undefined ? (passed ? "passed" : "FAILED") : "no test"}  ${row.fault ?? row.promise}${row.not === undefined ? "" : ` ${row.not}`}\n`);
  }
}
if (failed) process.stdout.write("FAILED: a row above, or another test of these files; .cache/faults has what they printed\n");
process.exitCode = failed ? 1 : 0;
