/** Prints what failed, then "N passed, N failed": tests from vitest's JSON report, and each further check as one. */

import { readFileSync } from "node:fs";

const [, , reportPath, testOutcome, ...checkOutcomes] = process.argv;

/** From `<command>=<exit code>`. */
function parse(outcome) {
  const at = outcome.lastIndexOf("=");
  return { command: outcome.slice(0, at), ok: outcome.slice(at + 1) === "0" };
}

function readReport() {
  try {
    return JSON.parse(readFileSync(reportPath, "utf8"));
  } catch {
    return undefined;
  }
}

/** A skipped test proves nothing, so it counts as failed. */
function countTests(report) {
  const tests = report?.testResults.flatMap((file) => file.assertionResults) ?? [];
  const passed = tests.filter((test) => test.status === "passed").length;
  for (const file of report?.testResults ?? []) {
    if (file.status === "failed" && file.assertionResults.length === 0) tests.push({ status: "failed", fullName: file.name });
  }
  const others = tests.filter((test) => test.status !== "passed");
  for (const test of others) process.stdout.write(`${test.status}: ${test.fullName}\n`);
  return { passed, failed: others.length };
}

const tests = parse(testOutcome);
let { passed, failed } = countTests(readReport());
if (!tests.ok) {
  process.stdout.write(`failed: ${tests.command}\n`);
  // An install or build that fails, or an error outside every test, shows in no test.
  failed = Math.max(failed, 1);
}
for (const { command, ok } of checkOutcomes.map(parse)) {
  if (ok) passed++;
  else {
    failed++;
    process.stdout.write(`failed: ${command}\n`);
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
