/** Wires the rooms together: the only file that says `new` for them. Configuration in, something that starts and stops out. */

import { readFileSync } from "node:fs";
import { readRedisUrl, type Config } from "./config.js";
import { AgencyTaskGroup } from "./engine/AgencyTaskGroup.js";
import { ChildStarter } from "./engine/ChildStarter.js";
import { ContextReader } from "./engine/ContextReader.js";
import { DefinitionRegistry } from "./engine/DefinitionRegistry.js";
import type { Engine } from "./engine/Engine.js";
import type { Fleet } from "./engine/Fleet.js";
import { ExpanderRegistry } from "./engine/expanders.js";
import { LaneBook } from "./engine/LaneBook.js";
import { HandlerRegistry, type Handler } from "./engine/handlers.js";
import { LocalEngine } from "./engine/LocalEngine.js";
import { Sessions } from "./engine/Sessions.js";
import { remoteSecrets, Secrets } from "./engine/secrets.js";
import { resultOf } from "./engine/taskResult.js";
import { Settlement } from "./engine/Settlement.js";
import { Sweeper } from "./engine/Sweeper.js";
import { SignalDesk } from "./engine/SignalDesk.js";
import { TimerLoop } from "./engine/TimerLoop.js";
import { WorkflowControl } from "./engine/WorkflowControl.js";
import { FanwireError } from "./errors.js";
import type { Expander } from "./workflow/expander.js";
import { setLimits } from "./workflow/limits.js";
import { EventLog } from "./events/EventLog.js";
import { EventManager } from "./events/EventManager.js";
import type { EventSource } from "./events/EventSource.js";
import { Feed } from "./events/Feed.js";
import { FeedEvents } from "./events/FeedEvents.js";
import { FeedHub } from "./events/FeedHub.js";
import { FeedKeeper } from "./events/FeedKeeper.js";
import { Hub } from "./events/Hub.js";
import type { RunCommand } from "./events/kafka/commands.js";
import type { KafkaBridge } from "./events/kafka/KafkaBridge.js";
import type { KafkaClient, KafkaOptions } from "./events/kafka/KafkaClient.js";
import { publishHandler } from "./events/kafka/publishHandler.js";
import { bridgeTopics } from "./events/kafka/topics.js";
import { RedisWake } from "./events/RedisWake.js";
import { startRedis } from "./runtime/embeddedRedis.js";
import { createLog, type Log } from "./runtime/log.js";
import { checkDeployment } from "./store/checkDeployment.js";
import { connect, onBroken, type Connections, type Redis, type RedisAddress } from "./store/connect.js";
import { InstanceReader } from "./store/InstanceReader.js";
import { InstanceStates } from "./store/InstanceStates.js";
import type { Finding } from "./store/fsck/findings.js";
import { confirmedFindings } from "./store/fsck/fsck.js";
import { RedisReads } from "./store/fsck/reads.js";
import { ItemReader } from "./store/ItemReader.js";
import { ShardKeys, shardOf } from "./store/keys.js";
import { LaneRepair } from "./store/LaneRepair.js";
import { LogReads } from "./store/LogReads.js";
import { PlanCache } from "./store/PlanCache.js";
import { Readiness } from "./store/readiness.js";
import { RedisFleet } from "./store/RedisFleet.js";
import { RedisBridge } from "./store/RedisBridge.js";
import { RedisDefinitions } from "./store/RedisDefinitions.js";
import { Replicas, replicatedReads } from "./store/Replicas.js";
import { RedisReader } from "./store/RedisReader.js";
import { RedisSessions } from "./store/RedisSessions.js";
import { RedisStore } from "./store/RedisStore.js";
import { Scripts } from "./store/scripts.js";
import { WorkflowIndex } from "./store/WorkflowIndex.js";
import { NodeFields } from "./store/NodeFields.js";
import { WorkflowReader } from "./store/WorkflowReader.js";
import { builtInHandlers } from "./worker/handlers/builtIn.js";
import { OutcomeSender } from "./worker/remote/OutcomeSender.js";
import { RemoteClaims } from "./worker/remote/RemoteClaims.js";
import { RemoteOutcomes } from "./worker/remote/RemoteOutcomes.js";
import { RemoteWorkers } from "./worker/remote/RemoteWorkers.js";
import { Staff } from "./worker/Staff.js";
import type { Worker } from "./worker/Worker.js";

export interface NodeOptions {
  /** Handlers besides the built-in ones. */
  handlers?: Handler[];
  /** Expanders besides the built-in ones. */
  expanders?: Expander[];
  log?: Log;
}

/** Everything of one process but its network side. */
export interface FanwireNode {
  readonly engine: Engine;
  readonly events: EventSource;
  readonly worker: Worker | undefined;
  readonly fleet: Fleet;
  readonly remoteWorkers: RemoteWorkers;
  readonly redis: Redis;
  readonly log: Log;
  /** The bridge to Kafka, not yet started; undefined without brokers. Commands that come from there are run by `run`. */
  kafkaBridge(run: RunCommand): Promise<KafkaBridge | undefined>;
  redisStatus(): Promise<string>;
  ready(): Promise<boolean>;
  stop(graceMs?: number): Promise<void>;
}

export function version(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}

interface Opened {
  connections: Connections;
  /** This product's own, or what the URL names. */
  kind: "embedded" | "external" | "cluster" | "sentinel";
  close(): Promise<void>;
}

/** @throws FanwireError INVALID_VALUE */
function placeOf(redisUrl: string): RedisAddress {
  const read = readRedisUrl(redisUrl);
  if ("problem" in read) throw new FanwireError("INVALID_VALUE", `REDIS_URL ${read.problem}`, { retryable: false });
  return read.place;
}

/** Redis as configured, or an embedded one that lives as long as this process needs it; checked before anything is stored. */
/** How long a connection may be silent: heartbeats that went into the void must go again within the lease. At least what a busy process needs. */
function silentMs({ leaseMs }: Config): number {
  return Math.max(3_000, Math.min(10_000, leaseMs / 3));
}

async function openRedis(config: Config, log: Log): Promise<Opened> {
  const durability = config.redisDurability === "everysec" ? "everysec" : "always";
  const own = config.redisUrl ? undefined : await startRedis({ dataDir: config.dataDir, durability, log });
  const address: RedisAddress = own ? { kind: "socket", path: own.path } : placeOf(config.redisUrl as string);
  const connections = connect(address, (error) => log.warn({ err: error.message }, "the connection to Redis broke; it is being made again"), silentMs(config));
  const close = async (): Promise<void> => {
    connections.close();
    await own?.stop();
  };
  try {
    await checkDeployment(connections.reads, config.keyPrefix, config.shards);
  } catch (error) {
    await close();
    throw error;
  }
  return { connections, kind: address.kind === "socket" ? "embedded" : address.kind === "server" ? "external" : address.kind, close };
}

function kafkaOptions({ kafkaBrokers, kafkaTls, kafkaSasl, kafkaUsername, kafkaPassword }: Config): KafkaOptions | undefined {
  if (!kafkaBrokers) return undefined;
  if (!kafkaSasl) return { brokers: kafkaBrokers, tls: kafkaTls };
  if (kafkaUsername === undefined || !kafkaPassword) throw new FanwireError("INVALID_VALUE", "KAFKA_SASL needs KAFKA_USERNAME and KAFKA_PASSWORD", { retryable: false });
  return { brokers: kafkaBrokers, tls: kafkaTls, sasl: { mechanism: kafkaSasl, username: kafkaUsername, password: kafkaPassword() } };
}

/** The client is loaded only where there are brokers: it takes time at the start. */
async function openKafka(config: Config, log: Log): Promise<KafkaClient | undefined> {
  const options = kafkaOptions(config);
  if (!options) return undefined;
  const { KafkaClient: Client } = await import("./events/kafka/KafkaClient.js");
  const client = new Client(options, log);
  client.start();
  return client;
}

/** The store's two sides. */
function wireStore({ reads, scripts }: Connections, config: Config) {
  const replicas = config.redisDurability === "replicated" ? new Replicas(scripts, config.redisReplicas) : undefined;
  const calls = new Scripts(scripts, config.feedLength, replicas);
  const shards = new ShardKeys(config.keyPrefix, config.shards);
  const plans = new PlanCache(reads);
  const fleet = new RedisFleet(reads, shards, calls);
  const fields = new NodeFields(reads, shards);
  const workflows = new WorkflowReader(reads, shards, plans, fleet, fields);
  const items = new ItemReader(reads, fields);
  const instances = new InstanceReader(reads, shards, fields);
  return {
    shards, plans, fleet, workflows, items, instances,
    shown: replicas ? replicatedReads(replicas) : reads,
    readiness: Readiness.of(reads, config.keyPrefix, config.shards, (key, value) => (replicas ? replicas.confirmed(key, (pipeline) => pipeline.set(key, value)) : reads.set(key, value))),
    sessions: new RedisSessions(reads, shards, calls, config.retentionMs),
    definitions: new RedisDefinitions(reads, shards, calls),
    bridge: new RedisBridge(reads, shards, calls, config.retentionMs),
    store: new RedisStore({ redis: scripts, keyPrefix: config.keyPrefix, shards: config.shards, leaseMs: config.leaseMs, retentionMs: config.retentionMs, feedLength: config.feedLength, ...(replicas ? { replicas } : {}) }),
    reader: new RedisReader(workflows, items, new WorkflowIndex(reads, shards, workflows), instances, new InstanceStates(fields, instances, items, fleet)),
  };
}

/** @throws FanwireError INVALID_VALUE for two of one name */
function handlersOf(config: Config, { handlers = [] }: NodeOptions, publishing: Parameters<typeof publishHandler>[0]): HandlerRegistry {
  return new HandlerRegistry([...builtInHandlers({ httpAllowPrivate: config.httpAllowPrivate }), publishHandler(publishing), ...handlers]);
}

/** The engine, its event log and (unless switched off) its worker, started. @throws FanwireError when Redis is not fit for use, or names clash */
export async function createNode(config: Config, options: NodeOptions = {}): Promise<FanwireNode> {
  const log = options.log ?? createLog(config.logLevel, 2);
  setLimits({
    tasks: config.maxTasks, items: config.maxItems, groupDepth: config.maxGroupDepth, definitionBytes: config.maxDefinitionBytes,
    contextValueBytes: config.maxContextValueBytes, templateBytes: config.maxTemplateBytes, bodyBytes: config.maxBodyBytes,
    messageBytes: config.maxMessageBytes, documentBytes: config.maxDocumentBytes, pageDefault: config.pageDefault, pageMax: config.pageMax,
  });
  const expanders = new ExpanderRegistry(options.expanders);
  // Names that clash are found before anything is opened.
  handlersOf(config, options, undefined);
  const { connections, kind, close } = await openRedis(config, log);
  const redis = connections.reads;
  const { shards, plans, fleet, workflows, items, instances, shown, readiness, definitions, bridge, store, reader, sessions: sessionStore } = wireStore(connections, config);
  const contexts = new ContextReader(reader);
  const secrets = new Secrets(config.secrets());
  const settlement = new Settlement(contexts);
  const sessions = new Sessions({ sessions: sessionStore, store, reader, contexts });
  const kafka = await openKafka(config, log);
  const topics = bridgeTopics(config.kafkaPrefix);
  const handlers = handlersOf(config, options, kafka && { client: kafka, topics });
  const lanes = new LaneBook({ shards: config.shards, filledLanes: (shard) => store.priorityLanes(shard), log });
  const agency = new AgencyTaskGroup({
    store, reader, handlers, expanders, directory: fleet, sessions,
    keepPlan: (plan) => plans.add(plan),
    onLanes: (shard, names) => lanes.learn(shard, names),
    onSubmitting: (shard, id, context) => {
      if (!worker) return;
      contexts.expect(id, context);
      worker.hint(shard);
    },
  });

  const wake = new RedisWake(redis, connections.subscriber, shards.all().map((keys) => keys.wake));
  await wake.start();
  wake.onLanes((shard, names) => lanes.learn(shard, names));
  const hub = new Hub();
  const feed = new Feed(redis, shards, shown);
  const feedHub = new FeedHub(feed);
  wake.onEvents((ids, entries) => {
    // What replicas must have before it is shown is read, by those who see to that.
    hub.ring(ids, config.redisDurability === "replicated" ? {} : entries);
    // A ring is of one shard.
    feedHub.ring(shardOf(ids[0] as string) as number);
  });
  const logReads = new LogReads(redis, shown, shards, workflows, items, instances, (at, plan, node) => resultOf(reader, contexts, plan, node, at));
  const eventLog = new EventLog(shown, logReads, hub.heard);
  // The server that answers next may have lost the newest of what this one had.
  const distrust = (): void => {
    eventLog.distrust();
    contexts.forget();
    instances.forget();
  };
  for (const connection of new Set([connections.reads, connections.scripts, connections.subscriber])) onBroken(connection, distrust);
  const events = new EventManager(eventLog, hub, { hub: feedHub, events: new FeedEvents(eventLog, logReads) }, async (id) => (await workflows.snapshot(id)) ?? undefined);

  const repair = new LaneRepair(redis, shards);
  const timers = shards.all().map((_, shard) => new TimerLoop(shard, { store, reader, contexts, settlement, workflows: agency, sessions, leaseMs: config.leaseMs, maxLosses: config.maxLosses, log }));
  const sweepers = shards.all().map((_, shard) => new Sweeper(shard, { repair, planOf: (id) => reader.planOf(id), log }));
  const loops = [...timers, ...sweepers, lanes, new FeedKeeper(feed, config.retentionMs, log)];
  const registry = new DefinitionRegistry({ definitions, handlers, expanders, directory: fleet });
  const children = new ChildStarter({ reader, definitions: registry, workflows: agency });
  const { leaseMs, maxLosses, workerQueues: queues, workerConcurrency: concurrency } = config;
  const staff = new Staff({ store, children, reader, contexts, settlement, handlers, secrets, expanders, lanes, queues, wake, log, concurrency, leaseMs, maxLosses, directory: fleet });
  for (const loop of loops) loop.start();
  wake.onTimer((shard, delayMs) => timers[shard]?.hint(delayMs));
  const worker = config.worker ? await staff.startWorker() : undefined;
  const sender = new OutcomeSender(store);
  const remoteWorkers = new RemoteWorkers({
    store, reader, wake, log, directory: fleet, lanes,
    claims: new RemoteClaims({ store, children, reader, contexts, settlement, maxLosses: config.maxLosses, log, sender, lanes, secrets: remoteSecrets(secrets, config.remoteSecrets) }),
    outcomes: new RemoteOutcomes({ reader, settlement, sender, secrets }),
    onAsked: () => staff.ensurePlanner(),
  });

  return {
    engine: new LocalEngine({
      workflows: agency, reader, contexts, handlers, expanders, directory: fleet, sessions, definitions: registry,
      control: new WorkflowControl({ store, reader, contexts, workflows: agency, sessions }),
      signals: new SignalDesk({ store, reader, settlement }),
    }),
    events, worker, redis, log, fleet, remoteWorkers,
    async kafkaBridge(run) {
      if (!kafka) return undefined;
      const { KafkaBridge: Bridge } = await import("./events/kafka/KafkaBridge.js");
      return new Bridge({
        client: kafka, topics, bridge, feed: new Feed(redis, shards, shown), eventLog, workers: remoteWorkers, handBack: (claims) => remoteWorkers.handBack(claims), wake, run, log,
        source: `/${config.keyPrefix}`, tenant: config.kafkaTenant, taskLeaseMs: config.kafkaTaskLeaseMs,
      });
    },
    redisStatus: async () => `${kind} ${/redis_version:(\S+)/.exec(await redis.info("server"))?.[1] ?? "?"}`,
    ready: () => readiness.ask(),
    async stop(graceMs = config.stopGraceMs) {
      await remoteWorkers.stop();
      await staff.stop(graceMs);
      await Promise.all(loops.map((loop) => loop.stop()));
      hub.stop();
      feedHub.stop();
      await kafka?.stop();
      await close();
    },
  };
}

/** Looks over all keys of a deployment, whether it is at work or not, and changes none. */
export async function checkKeys(config: Config, log: Log): Promise<Finding[]> {
  const { connections, close } = await openRedis(config, log);
  try {
    return await confirmedFindings(new RedisReads(connections.reads), config.keyPrefix, config.shards);
  } finally {
    await close();
  }
}

export interface RunningServer {
  /** http://host:port */
  url: string;
  node: FanwireNode;
  stop(): Promise<void>;
}

/** A node and its API server. */
export async function serve(config: Config, options: NodeOptions = {}): Promise<RunningServer> {
  const startedMs = Date.now();
  const node = await createNode(config, options);
  // Imported late: its libraries take most of the start, and workers do without them.
  const { createApiServer } = await import("./api/server.js");
  const { engine, events, fleet, remoteWorkers, log } = node;
  let bridge: KafkaBridge | undefined;
  try {
    const api = await createApiServer({
      engine, events, fleet, workers: remoteWorkers, log, startedMs,
      host: config.host, port: config.port, socketStallMs: config.socketStallMs, version: version(), redisStatus: () => node.redisStatus(), ready: () => node.ready(),
      kafkaStatus: async () => (await bridge?.status()) ?? "off", kafkaState: async () => bridge?.state(),
    });
    bridge = await node.kafkaBridge(api.runCommand);
    bridge?.start();
    log.info({ url: api.url }, "Fanwire listens");
    return {
      url: api.url, node,
      async stop() {
        await bridge?.stop();
        // Requests that wait for tasks would be waited for.
        await remoteWorkers.stop();
        await api.stop();
        await node.stop();
      },
    };
  } catch (error) {
    await node.stop(0);
    throw error instanceof Error && "code" in error && error.code === "EADDRINUSE"
      ? new FanwireError("UNAVAILABLE", `Port ${config.port} is in use; choose another with PORT`, { cause: error })
      : error;
  }
}

/** A node that only works. */
export async function runWorker(config: Config, options: NodeOptions = {}): Promise<{ stop(): Promise<void> }> {
  const node = await createNode({ ...config, worker: true }, options);
  node.log.info({ worker: true }, "Fanwire works");
  return { stop: () => node.stop() };
}
