/** A whole node (engine, events, worker, timers) on the shared test Redis, under a key prefix of its own. */

import { randomBytes } from "node:crypto";
import { loadConfig, type Config } from "../../src/config.js";
import { createNode, serve, type FanwireNode, type NodeOptions, type RunningServer } from "../../src/main.js";
import { silentLog } from "../../src/runtime/log.js";
import type { WorkflowDetail } from "../../src/engine/snapshot.js";
import type { WorkflowEvent } from "../../src/workflow/events.js";
import { isTerminalEvent } from "./terminalEvent.js";

export const CALLER = { tenant: "default" };

export interface TestOptions extends NodeOptions {
  config?: Partial<Config>;
  /** Default: the Redis that the whole test run shares. */
  redisUrl?: string;
}

export function testPrefix(): string {
  return `t${randomBytes(6).toString("hex")}`;
}

export function testConfig(options: TestOptions = {}): Config {
  const redisUrl = options.redisUrl ?? process.env.FANWIRE_TEST_REDIS;
  return loadConfig({}, process.cwd(), { redisUrl, keyPrefix: testPrefix(), port: 0, logLevel: "silent", ...options.config });
}

export async function startTestNode(options: TestOptions = {}): Promise<FanwireNode> {
  const config = testConfig(options);
  const node = await createNode(config, { log: silentLog, ...options });
  configs.set(node, config);
  return node;
}

const configs = new WeakMap<FanwireNode, Config>();

/** What a node of startTestNode was started with. */
export function configOf(node: FanwireNode): Config {
  return configs.get(node) as Config;
}

export interface TestServer extends RunningServer {
  wsUrl: string;
  /** The GraphQL endpoint. */
  httpUrl: string;
  config: Config;
}

export async function startTestServer(options: TestOptions = {}): Promise<TestServer> {
  const config = testConfig(options);
  const server = await serve(config, { log: silentLog, ...options });
  return { ...server, config, wsUrl: `${server.url.replace("http", "ws")}/graphql`, httpUrl: `${server.url}/graphql` };
}

/** All events up to the terminal one. */
export async function eventsOf(node: FanwireNode, id: string): Promise<WorkflowEvent[]> {
  const events: WorkflowEvent[] = [];
  for await (const event of node.events.subscribe(id, { withResults: true })) events.push(event);
  return events;
}

/** Waits for the terminal event, then reads the workflow. */
export async function finished(node: FanwireNode, id: string): Promise<WorkflowDetail> {
  for await (const event of node.events.subscribe(id)) if (isTerminalEvent(event)) break;
  return (await node.engine.workflowDetail(CALLER, id)) as WorkflowDetail;
}
