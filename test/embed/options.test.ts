/** What programs may say to createServer and Worker. */

import { expect, test } from "vitest";
import { readOptions } from "../../src/embed/options.js";
import { Worker } from "../../src/embed/Worker.js";

test("options win over the environment, which fills in the rest", () => {
  const { config } = readOptions({ env: { PORT: "1", LEASE: "5s", FANWIRE_URL: "http://there", FANWIRE_SECRET_A: "of the environment" }, port: 2, stopGraceMs: 0, workerQueues: ["a", "b"], secrets: { B: "its own" }, kafkaPassword: "pass", redisUrl: "redis://there" });
  expect(config).toMatchObject({ port: 2, leaseMs: 5_000, stopGraceMs: 0, workerQueues: ["a", "b"], redisUrl: "redis://there" });
  expect([...config.secrets()]).toEqual([["B", "its own"]]);
  expect(config.kafkaPassword?.()).toBe("pass");
});

test("every option that cannot be is told, without what is secret", () => {
  const make = (): unknown => readOptions({ env: {}, port: -1, leaseMs: 5, workerConcurrency: 1.5, logLevel: "loud" as never, redisUrl: "http://me:hidden@there", workerQueues: ["a b"], wrkers: 3 } as never);
  expect(make).toThrow(/port must be an integer from 0 to 65535, not -1\n.*leaseMs must be from 1s to 1h long, not 5\n.*workerConcurrency must be .*\n.*logLevel must be .*\n.*redisUrl must be .*\n.*workerQueues must be .*\n.*wrkers is no option/);
  expect(make).not.toThrow(/hidden/);
});

test("a worker that was stopped does not start again", async () => {
  const worker = new Worker({ env: {}, redisUrl: "redis://127.0.0.1:9" });
  await worker.stop();
  await expect(worker.start()).rejects.toThrow("make another one");
});
