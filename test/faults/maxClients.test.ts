/** Redis takes no more clients when a process has lost its connections: it tries again until there is room, and goes on. */

import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FanwireNode } from "../../src/main.js";
import { oneGroup, task } from "../support/builders.js";
import { startTestRedis, type TestRedis } from "../support/redisServer.js";
import { startTcpProxy, type TcpProxy } from "../support/tcpProxy.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectNothingLeft } from "./checks.js";

const MOST_CLIENTS = 30;
const keyPrefix = testPrefix();
let redis: TestRedis;
let proxy: TcpProxy;
let node: FanwireNode;
let admin: Redis;
const hogs: Redis[] = [];

beforeAll(async () => {
  redis = await startTestRedis({ extra: { maxclients: String(MOST_CLIENTS) } });
  proxy = await startTcpProxy({ port: redis.port });
  node = await startTestNode({ redisUrl: proxy.url, config: { keyPrefix } });
  admin = new Redis({ port: redis.port, host: "127.0.0.1" });
});
afterAll(async () => {
  for (const hog of [...hogs, admin]) hog.disconnect();
  await node.stop(0);
  await proxy.stop();
  await redis.stop();
});

async function connected(): Promise<number> {
  return Number(/connected_clients:(\d+)/.exec(await admin.info("clients"))?.[1]);
}

/** Others take all the places that there are; what is refused tries again, as clients do. */
async function takeAllPlaces(): Promise<void> {
  for (let i = 0; i < MOST_CLIENTS; i++) hogs.push(new Redis({ port: redis.port, host: "127.0.0.1", retryStrategy: () => 5, maxRetriesPerRequest: null }).on("error", () => undefined));
  await waitFor(async () => (await connected()) === MOST_CLIENTS, { what: "all places to be taken" });
}

test("a workflow that was submitted before goes on, and one that is submitted meanwhile is taken, when others have gone", async () => {
  const definition = oneGroup(task("a", { handler: "delay", input: { duration: "200ms" } }), task("b", { after: ["a"] }));
  const submit = async (): Promise<string> => (await node.engine.submitWorkflow(CALLER, { definition })).workflowId as string;
  const before = await submit();
  proxy.refusing = true;
  proxy.cutAll();
  await takeAllPlaces();
  proxy.refusing = false;
  const meanwhile = submit();
  const refused = async (): Promise<number> => Number(/rejected_connections:(\d+)/.exec(await admin.info("stats"))?.[1]);
  const first = await refused();
  await waitFor(async () => (await refused()) > first + 3, { what: "connections to be refused" });
  for (const hog of hogs.splice(0)) hog.disconnect();
  for (const id of [before, await meanwhile]) expect((await finished(node, id)).status).toBe("COMPLETED");
  await expectNothingLeft(node, keyPrefix);
}, 60_000);
