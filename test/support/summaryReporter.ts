/** Says at the end what failed, in short, and which tests were skipped; fails the run for those where CI=true. */

import type { Reporter, TestCase, TestModule } from "vitest/node";

/** The first lines of an error say what a long report buries: which seed, which value. */
const LINES = 3;
const LINE_LENGTH = 300;

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) for (const test of module.children.allTests("failed")) this.#tellFailure(test);
    const skipped: TestCase[] = [];
    for (const module of modules) skipped.push(...module.children.allTests("skipped"));
    if (skipped.length === 0) return;
    process.stdout.write(`\n${skipped.length} skipped:\n${skipped.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}\n`).join("")}`);
    if (process.env.CI !== "true") return;
    process.stdout.write("A skipped test counts as a failure where CI=true.\n");
    process.exitCode = 1;
  }

  #tellFailure(test: TestCase): void {
    const lines = (test.result().errors ?? []).flatMap(({ message }) => message.split("\n").slice(0, LINES).map((line) => `  ${line.slice(0, LINE_LENGTH)}\n`));
    process.stdout.write(`\nfailed: ${test.module.relativeModuleId} > ${test.fullName}\n${lines.join("")}`);
  }
}
