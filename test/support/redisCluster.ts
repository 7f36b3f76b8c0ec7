/** A Redis Cluster on the loopback interface: real servers, of which a test may kill any, and slots that it may move. */

import type { Redis } from "ioredis";
import { freePort } from "./ports.js";
import { startTestRedis, type TestRedis } from "./redisServer.js";
import { waitFor } from "./waitFor.js";
import { withRedis } from "./withRedis.js";

const SLOTS = 16_384;

export interface TestClusterOptions {
  masters?: number;
  /** Of each master. */
  replicas?: number;
  aof?: "everysec" | "always";
}

export interface TestCluster {
  readonly url: string;
  readonly masters: readonly TestRedis[];
  /** Those of the first master, of the second one, ... */
  readonly replicas: readonly TestRedis[];
  /**
   * Moves a slot with all that is in it to another master, key by key, as `redis-cli --cluster reshard` does.
   * @param halfway when about half of its keys are there
   */
  moveSlot(slot: number, from: TestRedis, to: TestRedis, halfway: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestCluster({ masters: count = 3, replicas: each = 0, aof }: TestClusterOptions = {}): Promise<TestCluster> {
  const servers: TestRedis[] = [];
  try {
    for (const server of await Promise.allSettled(Array.from({ length: count * (1 + each) }, () => startNode(aof)))) {
      if (server.status === "rejected") throw server.reason;
      servers.push(server.value);
    }
    const [masters, replicas] = [servers.slice(0, count), servers.slice(count)];
    await join(masters, replicas);
    return {
      masters, replicas, moveSlot,
      url: `redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
      async stop() { await Promise.all(servers.map((server) => server.stop())); },
    };
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
}

async function startNode(aof: TestClusterOptions["aof"]): Promise<TestRedis> {
  return startTestRedis({ aof, extra: {
    "cluster-enabled": "yes", "cluster-node-timeout": "1000", "cluster-port": String(await freePort()), "cluster-require-full-coverage": "no",
    "cluster-replica-validity-factor": "0", "repl-diskless-sync-delay": "0",
  } });
}

async function join(masters: readonly TestRedis[], replicas: readonly TestRedis[]): Promise<void> {
  const all = [...masters, ...replicas];
  await Promise.all(masters.map((master, i) => withRedis(master, async (redis) => {
    await redis.call("CLUSTER", "SET-CONFIG-EPOCH", String(i + 1));
    const [from, to] = [i, i + 1].map((part) => Math.floor((part * SLOTS) / masters.length)) as [number, number];
    await redis.call("CLUSTER", "ADDSLOTSRANGE", String(from), String(to - 1));
  })));
  await withRedis(masters[0] as TestRedis, async (redis) => {
    for (const { port, extra } of all.slice(1)) await redis.call("CLUSTER", "MEET", "127.0.0.1", String(port), extra["cluster-port"] as string);
  });
  await everyNode(all, "to know the others", async (redis) => Number(/cluster_known_nodes:(\d+)/.exec(await clusterInfo(redis))?.[1]) === all.length);
  await Promise.all(replicas.map(async (replica, i) => {
    const id = await idOf(masters[i % masters.length] as TestRedis);
    await withRedis(replica, (redis) => waitFor(() => redis.call("CLUSTER", "REPLICATE", id), { what: "a replica to know its master" }));
  }));
  await everyNode(all, "to find the cluster complete", async (redis) => (await clusterInfo(redis)).includes("cluster_state:ok"));
  await everyNode(replicas, "to have its master's data", async (redis) => (await redis.info("replication")).includes("master_link_status:up"));
}

async function everyNode(nodes: readonly TestRedis[], what: string, holds: (redis: Redis) => Promise<boolean>): Promise<void> {
  await Promise.all(nodes.map((node) => withRedis(node, (redis) => waitFor(() => holds(redis), { what: `each node ${what}`, timeoutMs: 20_000, intervalMs: 50 }))));
}

async function clusterInfo(redis: Redis): Promise<string> {
  return (await redis.call("CLUSTER", "INFO")) as string;
}

function idOf(node: TestRedis): Promise<string> {
  return withRedis(node, async (redis) => (await redis.call("CLUSTER", "MYID")) as string);
}

export async function slotOf(node: TestRedis, key: string): Promise<number> {
  return withRedis(node, async (redis) => (await redis.call("CLUSTER", "KEYSLOT", key)) as number);
}

async function moveSlot(slot: number, from: TestRedis, to: TestRedis, halfway: () => Promise<void>): Promise<void> {
  const [fromId, toId] = await Promise.all([idOf(from), idOf(to)]);
  await withRedis(from, (source) => withRedis(to, async (target) => {
    await target.call("CLUSTER", "SETSLOT", String(slot), "IMPORTING", fromId);
    await source.call("CLUSTER", "SETSLOT", String(slot), "MIGRATING", toId);
    const all = Number(await source.call("CLUSTER", "COUNTKEYSINSLOT", String(slot)));
    for (let moved = 0, waited = false; ;) {
      const keys = (await source.call("CLUSTER", "GETKEYSINSLOT", String(slot), "5")) as string[];
      if (keys.length === 0) break;
      await source.call("MIGRATE", "127.0.0.1", String(to.port), "", "0", "5000", "KEYS", ...keys);
      moved += keys.length;
      if (waited || moved < all / 2) continue;
      waited = true;
      await halfway();
    }
    await target.call("CLUSTER", "SETSLOT", String(slot), "NODE", toId);
    await source.call("CLUSTER", "SETSLOT", String(slot), "NODE", toId);
  }));
}
