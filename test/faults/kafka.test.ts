/** Kafka killed under load, servers killed between it and Redis, groups that rebalance in the middle of a batch. */

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { bridgeTopics, type BridgeTopics } from "../../src/events/kafka/topics.js";
import type { FanwireNode } from "../../src/main.js";
import { data } from "../api/graphqlClient.js";
import { startCli, type StartedProgram } from "../cli/runCli.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { privateKafka, type PrivateKafka } from "../support/kafkaServer.js";
import { readTopic, sendTo, type TopicReader } from "../support/kafkaTopic.js";
import { sharedRedis } from "../support/redisServer.js";
import { stopSoundly } from "../support/soundKeys.js";
import { CALLER, finished, startTestNode, startTestServer, testPrefix, type TestServer } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectTopicToBeTheLogs } from "./kafkaChecks.js";

const kafka = (await privateKafka()) as PrivateKafka;
const fan = oneGroup(task("each", { handler: "transform", input: { expression: "$", data: "{{ x }}" }, expansion: expansion({ array: { x: "[1, 2, 3, 4]" } }) }), task("end", { after: ["each"] }));
const input = { definition: { name: "k", groups: [{ name: "g", tasks: [{ name: "a", handler: "log" }] }] } };

describe.skipIf(!kafka)("faults around Kafka", () => {
  let keyPrefix: string;
  let topics: BridgeTopics;
  let node: FanwireNode;
  let events: TopicReader;
  let results: TopicReader;
  const undo: (() => Promise<unknown>)[] = [];

  afterAll(() => kafka.stop());
  beforeEach(async () => {
    keyPrefix = testPrefix();
    topics = bridgeTopics(keyPrefix);
    node = await startTestNode({ config: { keyPrefix } });
    [events, results] = await Promise.all([readTopic(kafka, topics.events), readTopic(kafka, topics.results)]);
    return async () => {
      await Promise.all(undo.splice(0).map((end) => end()));
      await Promise.all([events.stop(), results.stop()]);
      await stopSoundly(node);
    };
  }, 60_000);

  async function startServer(): Promise<TestServer> {
    const server = await startTestServer({ config: { keyPrefix, kafkaBrokers: kafka.brokers, kafkaPrefix: keyPrefix, worker: false } });
    undo.push(() => server.stop());
    return server;
  }

  /** In a process of its own, from the build. */
  async function startProcess(): Promise<StartedProgram> {
    const program = startCli(["serve", "--no-worker"], { env: {
      REDIS_URL: sharedRedis().url, KEY_PREFIX: keyPrefix, KAFKA_BROKERS: kafka.brokers.join(","), KAFKA_PREFIX: keyPrefix, PORT: "0", LOG_LEVEL: "info", CI: "",
    } });
    undo.push(async () => {
      program.kill("SIGKILL");
      await program.ended;
    });
    await waitFor(() => (program.output.stdout + program.output.stderr).includes("Fanwire listens"), { what: "the server to listen" })
      .catch((error: unknown) => { throw new Error(`${(error as Error).message}; it said: ${program.output.stderr}`); });
    return program;
  }

  const submit = async (): Promise<string> => (await node.engine.submitWorkflow(CALLER, { definition: fan })).workflowId as string;
  async function submitFor(ms: number): Promise<string[]> {
    const ids: string[] = [];
    for (const endMs = Date.now() + ms; Date.now() < endMs;) {
      const id = await submit();
      await finished(node, id);
      ids.push(id);
    }
    return ids;
  }
  const command = (id: string, key = id): { key: string; value: string } => ({ key, value: JSON.stringify({ id, command: "submitWorkflow", input }) });
  const outcomes = (): { id: string; workflowId: string }[] => results.values<{ id: string; workflowId: string }>();
  /** Each command has an outcome, all outcomes of one name the same workflow, and there is one workflow per command. */
  async function expectOneWorkflowPerCommand(ids: readonly string[]): Promise<void> {
    await waitFor(() => new Set(outcomes().map(({ id }) => id)).size >= ids.length, { what: "all outcomes", timeoutMs: 60_000 });
    const workflows = new Map<string, Set<string>>();
    for (const { id, workflowId } of outcomes()) workflows.set(id, new Set([...(workflows.get(id) ?? []), workflowId]));
    expect([...workflows.keys()].sort()).toEqual([...ids].sort());
    expect([...workflows.values()].filter((found) => found.size !== 1 || found.has(null as unknown as string))).toEqual([]);
    expect((await node.engine.workflows(CALLER, {}, {})).totalCount).toBe(ids.length);
  }

  test("the broker is killed and comes back under load: workflows go on without it, the lag is told, and the topic catches up", async () => {
    const server = await startServer();
    const ids = await submitFor(500);
    const load = submitFor(4_000);
    await kafka.kill9();
    ids.push(...(await submitFor(500)));
    const status = async (): Promise<string> => (await data(server, "{ serverInfo { kafka } }")).serverInfo.kafka as string;
    await waitFor(async () => /^unreachable since \d{4}-.*Z, lag \d+$/.test(await status()), { what: "the status to tell", timeoutMs: 20_000 });
    await kafka.restart();
    ids.push(...(await load));
    await expectTopicToBeTheLogs(node, events, ids, 60_000);
    await waitFor(async () => (await status()) === "connected, lag 0", { what: "lag 0", timeoutMs: 20_000 });
    const sent = Array.from({ length: 5 }, (_, i) => `after${i}`);
    await sendTo(kafka, topics.commands, sent.map((id) => command(id)));
    await waitFor(() => outcomes().length >= sent.length, { what: "commands to be taken again", timeoutMs: 30_000 });
  }, 120_000);

  test("servers are killed while they relay and take commands: the topic is the logs, and each command made one workflow", async () => {
    const first = await startProcess();
    const names = Array.from({ length: 300 }, (_, i) => `c${i}`);
    await sendTo(kafka, topics.commands, names.slice(0, 150).map((id) => command(id, `k${Number(id.slice(1)) % 40}`)));
    await waitFor(() => outcomes().length > 20, { what: "the first outcomes", timeoutMs: 30_000 });
    first.kill("SIGKILL");
    await first.ended;
    const second = await startProcess();
    const third = await startProcess();
    await sendTo(kafka, topics.commands, names.slice(100).map((id) => command(id, `k${Number(id.slice(1)) % 40}`)));
    const before = outcomes().length;
    await waitFor(() => outcomes().length > before + 20, { what: "more outcomes", timeoutMs: 30_000 });
    second.kill("SIGKILL");
    await second.ended;
    await expectOneWorkflowPerCommand(names);
    third.kill("SIGKILL");
    await third.ended;
    await startProcess();
    await expectTopicToBeTheLogs(node, events, [...new Set(outcomes().map(({ workflowId }) => workflowId))], 60_000);
  }, 150_000);

  test("servers come and go in the middle of batches: each command made one workflow", async () => {
    const names = Array.from({ length: 400 }, (_, i) => `c${i}`);
    await startServer();
    // Every command twice, and the second half of them in another order.
    await sendTo(kafka, topics.commands, [...names, ...[...names].reverse()].map((id, i) => command(id, `k${i % 50}`)));
    await waitFor(() => outcomes().length > 10, { what: "the first outcomes", timeoutMs: 30_000 });
    const second = await startServer();
    await waitFor(() => outcomes().length > 300, { what: "more outcomes", timeoutMs: 30_000 });
    await startServer();
    await second.stop();
    await expectOneWorkflowPerCommand(names);
  }, 90_000);
});

