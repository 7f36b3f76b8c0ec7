/** The API server: one port for GraphQL over HTTP and WebSocket, the pages, the health checks and the metrics. */

// Decorated classes ask for it when they are defined, so it comes before all of them.
import "reflect-metadata";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Engine } from "../engine/Engine.js";
import type { Fleet } from "../engine/Fleet.js";
import type { WorkerProtocol } from "../engine/WorkerProtocol.js";
import type { EventSource } from "../events/EventSource.js";
import type { RunCommand } from "../events/kafka/commands.js";
import type { KafkaState } from "../events/kafka/KafkaBridge.js";
import type { ApiLog } from "./ApiLog.js";
import { createApollo } from "./apollo.js";
import { createCommandRunner } from "./commandRunner.js";
import { createContext } from "./context.js";
import { createDirectExecution } from "./directExecution.js";
import { createEventStreams } from "./eventStream.js";
import type { EventStreams } from "./eventStream.js";
import { createBuiltPage } from "./builtPage.js";
import { createGraphqlHandler } from "./graphqlHttp.js";
import { createHttpHandler } from "./httpHandler.js";
import { createHttpServer } from "./httpServer.js";
import type { HttpServer } from "./httpServer.js";
import { createMetrics } from "./metrics.js";
import { createPreparer } from "./prepareOperation.js";
import { createSchema } from "./schema.js";
import { SharedSubscriptions } from "./subscriptions/SharedSubscriptions.js";
import { createGraphqlSockets } from "./websocket.js";
import type { GraphqlSockets } from "./websocket.js";

export interface ApiDependencies {
  engine: Engine;
  events: EventSource;
  fleet: Fleet;
  workers: WorkerProtocol;
  /** Address to listen on. */
  host: string;
  /** 0 lets the system choose. */
  port: number;
  version: string;
  /** When the process started; epoch milliseconds. */
  startedMs: number;
  /** The state of the connection to Redis, for people. */
  redisStatus(): Promise<string>;
  /** The state of the bridge to Kafka, for people. */
  kafkaStatus(): Promise<string>;
  /** The same in numbers; undefined without brokers. */
  kafkaState(): Promise<KafkaState | undefined>;
  /** Whether new work can be taken. A rejection counts as no. */
  ready(): Promise<boolean>;
  /** How long a client may take nothing of what a socket or stream has for it, in ms, before it is told to resume later. */
  socketStallMs: number;
  log: ApiLog;
}

export interface ApiServer {
  /** http://host:port, without a path. */
  url: string;
  port: number;
  /** Runs a mutation for a command that came from Kafka. */
  runCommand: RunCommand;
  /**
   * Readiness off, sockets told to reconnect, running requests given `graceMs` (default 5,000) to finish, then every
   * connection is closed. Further calls wait for the first one.
   */
  stop(graceMs?: number): Promise<void>;
}

const STOP_GRACE_MS = 5_000;

/** Listens when the promise resolves. @throws the listener's error, for instance EADDRINUSE */
export async function createApiServer(deps: ApiDependencies): Promise<ApiServer> {
  const schema = await createSchema();
  const sources = { engine: deps.engine, events: deps.events, server: deps, fleet: deps.fleet, workers: deps.workers };
  const newContext = (signal?: AbortSignal) => createContext(sources, signal);
  const subscriptions = new SharedSubscriptions(deps.log);
  const prepare = createPreparer(schema);
  const sockets = createGraphqlSockets({ schema, prepare, newContext, subscriptions, stallMs: deps.socketStallMs, log: deps.log });
  const eventStreams = createEventStreams({ schema, prepare, newContext, subscriptions, stallMs: deps.socketStallMs, log: deps.log });
  let stopping: Promise<void> | undefined;
  let graceMs = STOP_GRACE_MS;
  const apollo = createApollo(schema, deps.log, () => drain(server, sockets, eventStreams, graceMs));
  await apollo.start();
  const server = createHttpServer(createHttpHandler({
    graphql: createGraphqlHandler({ apollo, findDirect: createDirectExecution(schema, prepare, deps.log), newContext }),
    eventStreams: eventStreams.handle,
    pages: new Map([["graphiql", await createBuiltPage("graphiql")], ["console", await createBuiltPage("console")]]),
    ready: async () => stopping === undefined && (await deps.ready()),
    metrics: createMetrics({
      version: deps.version, startedMs: deps.startedMs, fleet: deps.fleet, kafka: () => deps.kafkaState(),
      connections: () => ({ sockets: sockets.open, streams: eventStreams.open, reservedStreams: eventStreams.reserved, subscriptions: subscriptions.subscribers, executions: subscriptions.executions }),
    }),
    log: deps.log,
  }));
  server.http.on("upgrade", sockets.upgrade);
  const port = await listen(server.http, deps.host, deps.port).catch(async (error: unknown) => {
    await apollo.stop();
    throw error;
  });
  return {
    url: `http://${deps.host.includes(":") ? `[${deps.host}]` : deps.host}:${port}`,
    port,
    runCommand: createCommandRunner(schema, (caller) => createContext(sources, undefined, caller)),
    stop(grace = STOP_GRACE_MS) {
      graceMs = grace;
      stopping ??= apollo.stop();
      return stopping;
    },
  };
}

function listen(http: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, () => {
      http.off("error", reject);
      resolve((http.address() as AddressInfo).port);
    });
  });
}

async function drain(server: HttpServer, sockets: GraphqlSockets, eventStreams: EventStreams, graceMs: number): Promise<void> {
  // Sockets and streams are connections of the same listener, which is closed only when all of them are.
  const closed = server.close(graceMs);
  eventStreams.close();
  await Promise.all([closed, sockets.close(graceMs)]);
}
