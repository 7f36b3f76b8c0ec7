/** A server is gone after a command took effect and before its outcome is recorded: run again by the next server, it changes nothing and gets its outcome. */

import { afterAll, describe, expect, test } from "vitest";
import { createCommandRunner } from "../../src/api/commandRunner.js";
import { createContext } from "../../src/api/context.js";
import { createSchema } from "../../src/api/schema.js";
import { CommandConsumer } from "../../src/events/kafka/CommandConsumer.js";
import { KafkaClient } from "../../src/events/kafka/KafkaClient.js";
import { bridgeTopics } from "../../src/events/kafka/topics.js";
import type { FanwireNode } from "../../src/main.js";
import { silentLog } from "../../src/runtime/log.js";
import { ShardKeys } from "../../src/store/keys.js";
import { RedisBridge } from "../../src/store/RedisBridge.js";
import { Scripts } from "../../src/store/scripts.js";
import { oneGroup, task } from "../support/builders.js";
import { expectSoundKeys } from "../support/soundKeys.js";
import { sharedKafka, type TestKafka } from "../support/kafkaServer.js";
import { makeTopics, readTopic, sendTo } from "../support/kafkaTopic.js";
import { CALLER, finished, startTestNode, startTestServer, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

const kafka = await sharedKafka();

describe.skipIf(!kafka)("commands whose server is gone before their outcome is recorded", () => {
  const keyPrefix = testPrefix();
  const topics = bridgeTopics(keyPrefix);
  const undo: (() => Promise<unknown>)[] = [];
  afterAll(async () => { for (const end of undo.reverse()) await end(); });

  /** Takes commands as a server does; whatever it records of their outcomes never comes to Redis, and then it is gone. */
  async function dyingConsumer(node: FanwireNode): Promise<{ die(): Promise<void> }> {
    const bridge = new RedisBridge(node.redis, new ShardKeys(keyPrefix, 1), new Scripts(node.redis), 86_400_000);
    const client = new KafkaClient({ brokers: (kafka as TestKafka).brokers, tls: false }, silentLog);
    const { engine, events, fleet, remoteWorkers: workers } = node;
    const server = { version: "0", startedMs: 0, redisStatus: () => node.redisStatus(), kafkaStatus: () => Promise.resolve("off") };
    const run = createCommandRunner(await createSchema(), (caller) => createContext({ engine, events, fleet, workers, server }, undefined, caller));
    const consumer = new CommandConsumer({
      client, topics, tenant: CALLER.tenant, log: silentLog, run,
      bridge: { recordCommand: (tenant, id, says, outcome) => (outcome === undefined ? bridge.recordCommand(tenant, id, says) : Promise.reject(new Error("It is dead"))) },
    });
    client.start();
    consumer.start();
    return {
      async die() {
        await consumer.stop();
        await client.stop();
      },
    };
  }

  test("retry, pause, resume, cancel, provide and signal take effect once, and what happened since stays", async () => {
    const node = await startTestNode({ config: { keyPrefix } });
    undo.push(() => node.stop());
    const { engine } = node;
    const submit = async (...tasks: ReturnType<typeof task>[]): Promise<string> => {
      const { workflowId, problems } = await engine.submitWorkflow(CALLER, { definition: { ...oneGroup(...tasks), externalKeys: ["key"] } });
      expect(problems).toEqual([]);
      return workflowId as string;
    };
    const waits = (name = "waits"): ReturnType<typeof task> => task(name, { handler: "signal" });
    const fails = task("fails", { handler: "fail", input: { code: "NO", retryable: false } });
    const status = async (id: string): Promise<string | undefined> => (await engine.workflow(CALLER, id))?.status;
    const counts = async (id: string, type: string): Promise<number> => (await node.events.readEvents(id, 1_000)).events.filter((event) => event.type === type).length;
    const ids = {
      retryWorkflow: await submit(fails), pauseWorkflow: await submit(waits()), resumeWorkflow: await submit(waits()), cancelWorkflow: await submit(waits()),
      provideContext: await submit(waits(), task("reads", { handler: "log", input: "{{ key }}" })), signalTask: await submit(waits(), { ...fails, after: ["waits"] }),
    };
    await finished(node, ids.retryWorkflow);
    for (const id of Object.values(ids).slice(1)) await waitFor(async () => (await engine.workflowDetail(CALLER, id))?.tasks.some((found) => found.status === "WAITING"), { what: "the task to wait" });
    await engine.pauseWorkflow(CALLER, ids.resumeWorkflow);

    // In one partition they come in one batch: none waits for another's outcome.
    await makeTopics(kafka as TestKafka, Object.values(topics), 1);
    const first = await dyingConsumer(node);
    const inputs: Record<keyof typeof ids, object> = {
      retryWorkflow: {}, pauseWorkflow: {}, resumeWorkflow: {}, cancelWorkflow: {}, provideContext: { values: { key: 1 } }, signalTask: { task: "g.waits", payload: 1 },
    };
    await sendTo(kafka as TestKafka, topics.commands, Object.entries(ids).map(([command, id]) => ({
      key: id, value: JSON.stringify({ id: `once ${command}`, command, input: { ...(command === "signalTask" ? { workflowId: id } : { id }), ...inputs[command as keyof typeof ids] } }),
    })));
    const took = async (): Promise<number[]> => Promise.all([
      counts(ids.retryWorkflow, "WORKFLOW_RETRIED"), counts(ids.pauseWorkflow, "WORKFLOW_PAUSED"), counts(ids.resumeWorkflow, "WORKFLOW_RESUMED"), counts(ids.cancelWorkflow, "WORKFLOW_CANCELLED"),
      counts(ids.provideContext, "CONTEXT_UPDATED"), counts(ids.signalTask, "WORKFLOW_FAILED"),
    ]);
    await waitFor(async () => (await took()).every((count) => count > 0), { what: "all commands to take effect", timeoutMs: 60_000 });
    await first.die();

    // Others go on meanwhile: what the commands did is undone, or would fail now.
    await finished(node, ids.retryWorkflow);
    await engine.resumeWorkflow(CALLER, ids.pauseWorkflow);
    await engine.pauseWorkflow(CALLER, ids.resumeWorkflow);
    expect((await engine.retryWorkflow(CALLER, ids.cancelWorkflow)).problems).toEqual([]);
    await engine.cancelWorkflow(CALLER, ids.provideContext);
    expect((await engine.retryWorkflow(CALLER, ids.signalTask)).problems).toEqual([]);
    await waitFor(async () => (await status(ids.signalTask)) === "FAILED", { what: "it to fail once more" });

    const before = await took();

    const results = await readTopic(kafka as TestKafka, topics.results);
    undo.push(() => results.stop());
    const second = await startTestServer({ config: { keyPrefix, kafkaBrokers: kafka?.brokers, kafkaPrefix: keyPrefix, worker: false } });
    undo.push(() => second.stop());
    const outcomes = (): { id: string; problems: object[] }[] => results.values();
    await waitFor(() => new Set(outcomes().map(({ id }) => id)).size === Object.keys(ids).length, { what: "all outcomes", timeoutMs: 60_000 });
    expect(outcomes().flatMap(({ problems }) => problems)).toEqual([]);

    expect(await took()).toEqual(before);
    expect(await Promise.all(Object.values(ids).map(status))).toEqual(["FAILED", "RUNNING", "PAUSED", "RUNNING", "CANCELLED", "FAILED"]);
    await expectSoundKeys(node.redis, keyPrefix);
  }, 150_000);
});
