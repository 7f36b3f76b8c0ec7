/** No test that breaks something leaves out the check of the keys: whoever kills, cuts or repeats looks at what is left in Redis. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
/** What kills processes and Redis, and cuts connections to it. */
const BREAKS = /SIGKILL|\.kill9\(|new WorkerPool|WorkerProcess\.start|startTcpProxy/;
const CHECKS = /\b(expectNothingLeft|expectSoundKeys|expectSoundKeysAtRest|stopSoundly)\(/;
/** Its node is checked where it is stopped. */
const CHECKED_BY_HELPER = /\buseTwice\(\)/;
/** They break something, and no deployment is behind it. */
const WITHOUT_KEYS: Readonly<Record<string, string>> = {
  "support/redisServer.test.ts": "the tests' own Redis",
  "support/tcpProxy.test.ts": "the tests' own proxy",
  "runtime/embeddedRedis.test.ts": "how the embedded Redis starts; no workflow is submitted",
  "api/metrics.test.ts": "no workflow is under way when its Redis is killed",
};

/** Tests of programs kill what they started when they are over. */
const PROGRAMS = /^(cli|clients)\//;

const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".test.ts") && file !== join("faults", "everyFault.test.ts"));
const textOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const breaking = files.filter((file) => file.startsWith("faults/") || (!PROGRAMS.test(file) && BREAKS.test(textOf(file))));

test("every test of a fault holds the keys against what must be true of them", () => {
  expect(breaking.length).toBeGreaterThan(10);
  const unchecked = breaking.filter((file) => !(file in WITHOUT_KEYS) && !CHECKS.test(textOf(file)) && !CHECKED_BY_HELPER.test(textOf(file)));
  expect(unchecked).toEqual([]);
});

test("what is let off is there, and breaks something", () => {
  expect(Object.keys(WITHOUT_KEYS).filter((file) => !breaking.includes(file))).toEqual([]);
  expect(CHECKS.test(textOf("faults/twice.ts"))).toBe(true);
});
