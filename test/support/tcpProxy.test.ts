/** The proxy loses what it is told to lose, and nothing else. */

import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sharedRedis } from "./redisServer.js";
import { startTcpProxy } from "./tcpProxy.js";
import type { TcpProxy } from "./tcpProxy.js";
import { waitFor } from "./waitFor.js";
import { withRedis } from "./withRedis.js";

const key = `proxy-${process.pid}`;
let proxy: TcpProxy;
let redis: Redis;

beforeEach(async () => {
  proxy = await startTcpProxy({ port: sharedRedis().port });
  redis = new Redis(proxy.port, "127.0.0.1", { retryStrategy: () => null, maxRetriesPerRequest: 0, enableReadyCheck: false });
  redis.on("error", () => {});
  await redis.del(key);
});

afterEach(async () => {
  redis.disconnect();
  await proxy.stop();
});

async function stored(): Promise<string | null> {
  return withRedis(sharedRedis(), (client) => client.get(key));
}

test("it passes everything on by default, large values and pipelines too", async () => {
  const large = "x".repeat(3_000_000);
  const answers = await redis.pipeline().set(key, large).get(key).incr(`${key}-n`).del(`${key}-n`).exec();
  expect(answers?.map(([error, value]) => [error, String(value).length])).toEqual([[null, 2], [null, 3_000_000], [null, 1], [null, 1]]);
});

test("cut after the request: it is carried out, and the reply is lost", async () => {
  const script = "return redis.call('INCR', KEYS[1])";
  const sha = await redis.script("LOAD", script) as string;
  const cut = proxy.cutAfterRequest(sha);
  expect(await redis.ping()).toBe("PONG");
  await expect(redis.evalsha(sha, 1, key)).rejects.toThrow();
  await cut;
  expect(await stored()).toBe("1");
});

test("cut before the request: it is not carried out", async () => {
  const cut = proxy.cutBeforeRequest("incr");
  await expect(redis.incr(key)).rejects.toThrow();
  await cut;
  expect(await stored()).toBeNull();
});

test("a client that sends again after a lost reply runs the command twice", async () => {
  redis.disconnect();
  redis = new Redis(proxy.port, "127.0.0.1", { retryStrategy: () => 1, enableReadyCheck: false });
  const cut = proxy.cutAfterRequest((words) => words[0]?.toLowerCase() === "incr");
  expect(await redis.incr(key)).toBe(2);
  await cut;
});

test("a black hole holds bytes back and lets them pass afterwards", async () => {
  proxy.blackHole = true;
  let answered = false;
  const answer = redis.incr(key).then((value) => {
    answered = true;
    return value;
  });
  // A whole round trip past the proxy is longer than the command would have taken through it.
  await stored();
  expect([answered, await stored()]).toEqual([false, null]);
  proxy.blackHole = false;
  expect(await answer).toBe(1);
});

test("one byte at a time, late, is still the same", async () => {
  proxy.chunkBytes = 1;
  proxy.delayMs = 5;
  const beforeMs = performance.now();
  expect(await redis.set(key, "a value of some length")).toBe("OK");
  expect(performance.now() - beforeMs).toBeGreaterThanOrEqual(9);
  expect(await stored()).toBe("a value of some length");
});

test("cutAll ends every connection, and refusing lets no new one live", async () => {
  proxy.refusing = true;
  const ended = new Promise<void>((resolve) => redis.once("end", resolve));
  proxy.cutAll();
  await ended;
  await waitFor(() => proxy.connections === 0, { what: "no connection to be left" });
  await expect(withRedis({ port: proxy.port }, (client) => client.ping())).rejects.toThrow();
});
