/** Servers are killed between what a command does and the offset that says so: whoever takes the command again, it took effect once. */

import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridgeTopics } from "../../src/events/kafka/topics.js";
import type { FanwireNode } from "../../src/main.js";
import { ShardKeys } from "../../src/store/keys.js";
import type { EventType } from "../../src/workflow/events.js";
import { startCli, type StartedProgram } from "../cli/runCli.js";
import { oneGroup, task } from "../support/builders.js";
import { sharedKafka, type TestKafka } from "../support/kafkaServer.js";
import { makeTopics, offsetOf, readTopic, sendTo, settledMembers, type TopicReader } from "../support/kafkaTopic.js";
import { sharedRedis } from "../support/redisServer.js";
import { seededRandom, testSeed } from "../support/seededRandom.js";
import { expectSoundKeys } from "../support/soundKeys.js";
import { CALLER, finished, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

const kafka = (await sharedKafka()) as TestKafka;
/** As many servers are killed, each in the middle of the commands of its partition. */
const KILLS = 3;
/** So many that they are still being carried out when their server is killed: outcomes are told, and the offset moves, when all of a batch are. */
const SUBMISSIONS = 100;
const seed = testSeed();
const random = seededRandom(seed);
const keyPrefix = testPrefix();
const topics = bridgeTopics(keyPrefix);

interface Server { program: StartedProgram; url: string }
/** A command, the event that shows that it took effect, and what others do then, so that it would take effect again if it were carried out once more. */
interface Sent { id: string; partition: number; command: string; input: object; shows: EventType; workflowId?: string; undo?(id: string): Promise<unknown> }

describe.skipIf(!kafka)("commands whose server is killed before their offset is committed", () => {
  let node: FanwireNode;
  let results: TopicReader;
  let bell: Redis;
  const servers: Server[] = [];

  beforeAll(async () => {
    await makeTopics(kafka, Object.values(topics), KILLS);
    [node, results] = await Promise.all([startTestNode({ config: { keyPrefix } }), readTopic(kafka, topics.results)]);
    bell = new Redis(sharedRedis().url, { enableReadyCheck: false });
    await bell.subscribe(new ShardKeys(keyPrefix, 1).of(0).wake);
  }, 120_000);
  afterAll(async () => {
    for (const { program } of servers) program.kill("SIGKILL");
    await Promise.all([bell.quit(), results.stop(), node.stop(), ...servers.map(({ program }) => program.ended)]);
  });

  async function startServer(): Promise<void> {
    const program = startCli(["serve", "--no-worker"], { env: {
      REDIS_URL: sharedRedis().url, KEY_PREFIX: keyPrefix, KAFKA_BROKERS: kafka.brokers.join(","), KAFKA_PREFIX: keyPrefix, PORT: "0", LOG_LEVEL: "silent", CI: "",
    } });
    servers.push({ program, url: "" });
    const [, url] = await waitFor(() => /^Fanwire serves (http:\S+)$/m.exec(program.output.stderr), { what: `a server; it wrote ${program.output.stderr}`, timeoutMs: 30_000 });
    (servers.find((server) => server.program === program) as Server).url = url as string;
  }

  const send = (commands: readonly Omit<Sent, "shows">[]): Promise<void> =>
    sendTo(kafka, topics.commands, commands.map(({ id, partition, command, input }) => ({ key: id, partition, value: JSON.stringify({ id, command, input }) })));

  /** Which server has which partition, by how many messages each has taken: to partition p go p + 1 that change nothing. */
  async function serversByPartition(): Promise<Server[]> {
    const probe = (partition: number, i: number): Omit<Sent, "shows"> => ({ id: `probe-${partition}-${i}`, partition, command: "deleteWorkflow", input: { id: "none" } });
    await send(Array.from({ length: KILLS }, (_, partition) => Array.from({ length: partition + 1 }, (_none, i) => probe(partition, i))).flat());
    const taken = async ({ url }: Server): Promise<number> =>
      Number(/^fanwire_kafka_commands_consumed_total (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    let counts: number[] = [];
    await waitFor(async () => {
      counts = await Promise.all(servers.map(taken));
      return [...counts].sort().join() === "1,2,3";
    }, { what: "each server to take the messages of its partition", timeoutMs: 15_000, intervalMs: 100 });
    return [...counts.keys()].sort((a, b) => (counts[a] as number) - (counts[b] as number)).map((at) => servers[at] as Server);
  }

  const count = async (id: string, type: EventType): Promise<number> => (await node.events.readEvents(id, 1_000)).events.filter((event) => event.type === type).length;
  const submitted = async (name: string): Promise<string[]> => (await node.engine.workflows(CALLER, { name }, { first: 10 })).edges.map((edge) => edge.node.id);
  /** How often a command took effect. */
  async function effects({ id, workflowId, shows }: Sent): Promise<number> {
    return workflowId === undefined ? (await submitted(id)).length : count(workflowId, shows);
  }

  async function commandsFor(partition: number): Promise<Sent[]> {
    const { engine } = node;
    const submit = async (...tasks: ReturnType<typeof task>[]): Promise<string> => {
      const { workflowId, problems } = await engine.submitWorkflow(CALLER, { definition: { ...oneGroup(...tasks), externalKeys: ["key"] } });
      expect(problems).toEqual([]);
      return workflowId as string;
    };
    const waits = task("waits", { handler: "signal" });
    const fails = task("fails", { handler: "fail", input: { code: "NO", retryable: false } });
    const ids = await Promise.all([
      submit(fails), submit(waits), submit(waits), submit(waits, task("reads", { handler: "delay", input: { duration: "{{ key }}h" } })),
      submit(waits, task("holds", { handler: "signal" })), submit(task("far", { handler: "far-away" }), waits),
    ]);
    const [retried, paused, cancelled, provided, signalled, completed] = ids as [string, string, string, string, string, string];
    await finished(node, retried);
    const isWaiting = async (id: string): Promise<boolean> => (await engine.workflowDetail(CALLER, id))?.tasks.find(({ node: { name } }) => name === "waits")?.status === "WAITING";
    for (const id of ids.slice(1)) await waitFor(() => isWaiting(id), { what: "the task to wait" });
    const { tasks } = await node.remoteWorkers.claimTasks(CALLER, { workerId: "w-far", handlers: ["far-away"], max: 1, waitMs: 5_000, leaseMs: 600_000 });
    const definition = (name: string): object => ({ name, groups: [{ name: "g", tasks: [{ name: "waits", handler: "signal" }] }] });
    const sent = (command: string, shows: EventType, input: object, more: Partial<Sent> = {}): Sent => ({ id: `${command}-${partition}`, partition, command, input, shows, ...more });
    return [
      sent("retryWorkflow", "WORKFLOW_RETRIED", { id: retried }, { workflowId: retried, undo: (id) => finished(node, id) }),
      sent("pauseWorkflow", "WORKFLOW_PAUSED", { id: paused }, { workflowId: paused, undo: (id) => engine.resumeWorkflow(CALLER, id) }),
      sent("cancelWorkflow", "WORKFLOW_CANCELLED", { id: cancelled }, { workflowId: cancelled, undo: (id) => engine.retryWorkflow(CALLER, id) }),
      sent("provideContext", "CONTEXT_UPDATED", { id: provided, values: { key: 1 } }, { workflowId: provided }),
      sent("signalTask", "TASK_COMPLETED", { workflowId: signalled, task: "g.waits", payload: 1 }, { workflowId: signalled }),
      sent("completeTasks", "TASK_COMPLETED", { results: [{ claim: tasks[0]?.claim, result: 1 }] }, { workflowId: completed }),
      ...Array.from({ length: SUBMISSIONS }, (_, i) => `submitted-${partition}-${i}`)
        .map((name) => sent("submitWorkflow", "WORKFLOW_SUBMITTED", { definition: definition(name) }, { id: name })),
    ];
  }

  /**
   * Sends a server its commands and kills it as soon as the doorbell tells that so many of them took effect.
   * @returns whether that came before it noted that they are done: it may be faster
   */
  async function killAmid(server: Server, commands: readonly Sent[], partition: number, after: number): Promise<boolean> {
    const before = await offsetOf(kafka, topics.commands, topics.commands, partition);
    const others = new Set((await node.engine.workflows(CALLER, {}, { first: 1_000 })).edges.map((edge) => edge.node.id));
    const targets = new Set(commands.map(({ workflowId }) => workflowId));
    const seen = new Set<string>();
    const killed = new Promise<void>((resolve) => {
      bell.on("message", function ring(_channel: string, text: string) {
        for (const id of (JSON.parse(text) as { w: string[] }).w) if (targets.has(id) || !others.has(id)) seen.add(id);
        if (seen.size < after) return;
        server.program.kill("SIGKILL");
        bell.off("message", ring);
        resolve();
      });
    });
    await send(commands);
    await killed;
    await server.program.ended;
    return (await offsetOf(kafka, topics.commands, topics.commands, partition)) === before;
  }

  test("submissions, retries, pauses, cancellations, values, signals and results take effect exactly once", async () => {
    await Promise.all(Array.from({ length: KILLS }, startServer));
    const commands = await Promise.all(Array.from({ length: KILLS }, (_, partition) => commandsFor(partition)));
    await waitFor(async () => (await settledMembers(kafka, topics.commands)) === KILLS, { what: "all servers to have their partitions", timeoutMs: 15_000, intervalMs: 100 });
    const owners = await serversByPartition();
    const all = commands.flat();
    let amid = 0;
    for (const [partition, owner] of owners.entries()) if (await killAmid(owner, commands[partition] as Sent[], partition, 1 + random(20))) amid++;
    expect(amid, `servers killed before they noted it, seed ${seed}`).toBeGreaterThan(0);

    const took = await Promise.all(all.map(effects));
    const unanswered = all.filter(({ id }, i) => (took[i] as number) > 0 && !results.values<{ id: string }>().some((outcome) => outcome.id === id));
    expect(unanswered.length).toBeGreaterThanOrEqual(amid);
    for (const [i, { undo, workflowId }] of all.entries()) if ((took[i] as number) > 0) await undo?.(workflowId as string);

    await startServer();
    const outcomes = (): { id: string; problems: object[] }[] => results.values<{ id: string; problems: object[] }>().filter(({ id }) => !id.startsWith("probe"));
    await waitFor(() => new Set(outcomes().map(({ id }) => id)).size === all.length, { what: `all outcomes, seed ${seed}`, timeoutMs: 30_000 });
    expect(outcomes().flatMap(({ id, problems }) => (problems.length > 0 ? [{ id, problems }] : []))).toEqual([]);
    const times = await Promise.all(all.map(async (sent) => [sent.id, await effects(sent)]));
    expect(times).toEqual(all.map(({ id }) => [id, 1]));
    await expectSoundKeys(node.redis, keyPrefix);
    process.stdout.write(`servers killed amid commands: ${KILLS}, with ${unanswered.length} of ${all.length} commands carried out and not answered, seed ${seed}\n`);
  }, 60_000);
});
