/** Says at the end which tests were skipped, and fails the run for it where CI=true. */

import type { Reporter, TestCase, TestModule } from "vitest/node";

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped: TestCase[] = [];
    for (const module of modules) skipped.push(...module.children.allTests("skipped"));
    if (skipped.length === 0) return;
    process.stdout.write(`\n${skipped.length} skipped:\n${skipped.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}\n`).join("")}`);
    if (process.env.CI !== "true") return;
    process.stdout.write("A skipped test counts as a failure where CI=true.\n");
    process.exitCode = 1;
  }
}
