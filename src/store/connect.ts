/** Connections to Redis - one server, a cluster, or the primary that sentinels name: how they reconnect, and what each of a process's is for. */

import { Cluster, Redis as Server, type RedisOptions } from "ioredis";
import { PatientCluster } from "./PatientCluster.js";
import { SwitchWatch } from "./SwitchWatch.js";

/** A client of one server, or of a cluster. */
export type Redis = Server | Cluster;

export function isCluster(redis: Redis): redis is Cluster {
  return redis instanceof Cluster;
}

/** The servers that hold keys: one, or a cluster's primaries. */
export function primariesOf(redis: Redis): Server[] {
  return isCluster(redis) ? redis.nodes("master") : [redis];
}

/** The clock of the server that holds a key: seconds, and microseconds of the running one. */
export async function clockOf(redis: Redis, key: string): Promise<[seconds: number, micros: number]> {
  const time = (isCluster(redis) ? await redis.eval("return redis.call('TIME')", 1, key) : await redis.time()) as (string | number)[];
  return [Number(time[0]), Number(time[1])];
}

/** Tells that a connection has broken: what answers on the next one may be another server, without the newest writes. */
export function onBroken(redis: Redis, listener: () => void): void {
  redis.on(isCluster(redis) ? "-node" : "close", listener);
}

interface Login { username?: string; password?: string; tls: boolean }
interface Host { host: string; port: number }

/** Where Redis is: the path of a Unix socket, a URL, nodes of a cluster, or sentinels. */
export type RedisAddress =
  | { kind: "socket"; path: string }
  | { kind: "server"; url: string }
  | { kind: "cluster"; nodes: readonly Host[] } & Login
  | { kind: "sentinel"; sentinels: readonly Host[]; primary: string; db: number; sentinelUsername?: string; sentinelPassword?: string } & Login;

export interface Connections {
  /** Reads; those of one turn of the event loop share a write. */
  reads: Redis;
  /** Scripts, which go out at once and in order: a claim sent after a submission finds it. */
  scripts: Redis;
  /** Pub/sub. Without the ready check, during which a SUBSCRIBE would be lost. */
  subscriber: Redis;
  close(): void;
}

/** A node that hangs breaks no connection: those that wait for it learn so that another has its slots. */
const SLOTS_REFRESHED_MS = 5_000;
/** How long a command waits for its answer before it is sent again. */
const COMMAND_TIMEOUT_MS = 15_000;
/**
 * @param silentMs after which a connection on which nothing comes, though something is asked for, is replaced: it is half-open, its other end has
 *   gone without a word, or the network swallows it
 */
export function connect(address: RedisAddress, onError: (error: Error) => void, silentMs: number): Connections {
  if (address.kind === "cluster") return connectToCluster(address, onError, silentMs);
  const shared = { maxRetriesPerRequest: null, retryStrategy: pauseMs, socketTimeout: silentMs, ...optionsOf(address) };
  const open = (more: RedisOptions): Server => heeded("url" in address ? new Server(address.url, { ...shared, ...more }) : new Server({ ...shared, ...more })).on("error", onError);
  const reads = open({ enableAutoPipelining: true });
  const scripts = open({ commandTimeout: COMMAND_TIMEOUT_MS });
  const subscriber = open({ enableReadyCheck: false });
  const connections = [reads, scripts, subscriber];
  const watch = address.kind === "sentinel" ? new SwitchWatch(address.sentinels, sentinelOptionsOf(address), address.primary, connections) : undefined;
  // It only listens: without a question now and then nobody would know that nothing can come.
  const asking = setInterval(() => { if (subscriber.status === "ready") subscriber.ping().catch(() => undefined); }, silentMs / 2);
  asking.unref();
  const close = (): void => {
    clearInterval(asking);
    watch?.close();
    for (const connection of connections) connection.disconnect();
  };
  return { reads, scripts, subscriber, close };
}

/** Every cache of what Redis said listens for breaks: more of them than Node takes for a leak. */
function heeded<T extends Redis>(redis: T): T {
  redis.setMaxListeners(50);
  return redis;
}

function pauseMs(times: number): number {
  return Math.min(1000, 25 * 2 ** Math.min(times, 6));
}

function loginOf({ username, password, tls }: Login): RedisOptions {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }), ...(tls ? { tls: {} } : {}) };
}

function optionsOf(address: Exclude<RedisAddress, { kind: "cluster" }>): RedisOptions {
  if (address.kind === "server") return {};
  if (address.kind === "socket") return { path: address.path };
  const { sentinels, primary, db, tls, sentinelUsername, sentinelPassword } = address;
  return {
    ...loginOf(address), sentinels: sentinels.map((host) => ({ ...host })), name: primary, db,
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }), ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    sentinelRetryStrategy: pauseMs, sentinelCommandTimeout: 2_000,
    // What was the primary when the connection was made may be a replica now: ask the sentinels again, and send the command again.
    reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 2 : false),
  };
}

function sentinelOptionsOf({ tls, sentinelUsername, sentinelPassword }: Extract<RedisAddress, { kind: "sentinel" }>): RedisOptions {
  return { retryStrategy: pauseMs, ...loginOf({ tls, ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }), ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }) }) };
}

/** Within a cluster's client each node has a connection, and subscriptions one of their own, so the reads' client carries them too. */
function connectToCluster({ nodes, ...login }: Extract<RedisAddress, { kind: "cluster" }>, onError: (error: Error) => void, silentMs: number): Connections {
  const open = (redisOptions: RedisOptions): PatientCluster =>
    heeded(new PatientCluster([...nodes], { clusterRetryStrategy: pauseMs, slotsRefreshInterval: SLOTS_REFRESHED_MS, redisOptions: { ...loginOf(login), socketTimeout: silentMs, ...redisOptions } })).on("error", onError).on("node error", onError);
  const reads = open({});
  const scripts = open({ commandTimeout: COMMAND_TIMEOUT_MS });
  return { reads, scripts, subscriber: reads, close: () => { reads.disconnect(); scripts.disconnect(); } };
}
