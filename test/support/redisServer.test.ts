/** A test's own Redis can be killed and started again, with or without its data. */

import { expect, onTestFinished, test } from "vitest";
import { isProcessAlive } from "../../src/runtime/processes.js";
import { startTestRedis } from "./redisServer.js";
import { withRedis } from "./withRedis.js";

test.each([["always", "yes"], [undefined, null]] as const)("with aof %s, a value after a kill is %s", async (aof, expected) => {
  const redis = await startTestRedis({ aof });
  onTestFinished(() => redis.stop());
  const { pid, port } = redis;
  await withRedis({ port }, (client) => client.set("k", "yes"));
  await redis.kill9();
  expect(isProcessAlive(pid)).toBe(false);
  await redis.restart();
  expect(redis.pid).not.toBe(pid);
  expect(await withRedis({ port }, (client) => client.get("k"))).toBe(expected);
});
