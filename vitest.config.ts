/** How the tests run: real Redis shared by all, every file in a process of its own. */

import { defineConfig } from "vitest/config";
import LongestFirst from "./test/support/LongestFirst.js";

export default defineConfig({
  // graphql 16 has an ESM and a CommonJS build; Node gives every library the CommonJS one, Vite would give our code the other.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**", "node_modules/**"],
    globalSetup: ["test/support/globalSetup.ts"],
    sequence: { sequencer: LongestFirst },
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A test that needs a second try has found something.
    retry: 0,
    allowOnly: process.env.CI !== "true",
    reporters: ["default", "./test/support/summaryReporter.ts", ["json", { outputFile: ".cache/test-results.json" }]],
  },
});
