/** Commands from a real Kafka: each is carried out once, whatever comes twice, out of order or broken. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../src/workflow/json.js";
import { bridgeTopics } from "../../../src/events/kafka/topics.js";
import { sharedKafka, type TestKafka } from "../../support/kafkaServer.js";
import { makeTopics, readTopic, sendTo, type TopicReader } from "../../support/kafkaTopic.js";
import { CALLER, finished, startTestServer, testPrefix, type TestServer } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";

const kafka = await sharedKafka();

interface Outcome { id: string; workflowId: string | null; problems: { code: string; message: string }[]; duplicate?: boolean; accepted?: string[] }

describe.skipIf(!kafka)("commands from Kafka", () => {
  const keyPrefix = testPrefix();
  const topics = bridgeTopics(keyPrefix);
  const config = { keyPrefix, kafkaBrokers: kafka?.brokers, kafkaPrefix: keyPrefix, kafkaTaskLeaseMs: 60_000 };
  let server: TestServer;
  let results: TopicReader;
  let deadLetters: TopicReader;

  beforeAll(async () => {
    [results, deadLetters] = await Promise.all([readTopic(kafka as TestKafka, topics.results), readTopic(kafka as TestKafka, topics.deadLetters)]);
    server = await startTestServer({ config });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await Promise.all([results.stop(), deadLetters.stop()]);
  });

  const send = (...commands: { id: JsonValue; command: JsonValue; input: JsonValue; key?: string }[]): Promise<void> =>
    sendTo(kafka as TestKafka, topics.commands, commands.map(({ key, ...command }) => ({ key: key ?? null, value: JSON.stringify(command) })));
  const outcomesOf = (id: string): Outcome[] => results.values<Outcome>().filter((outcome) => outcome.id === id);
  const outcomeOf = (id: string, count = 1): Promise<Outcome> =>
    waitFor(() => outcomesOf(id).length >= count && outcomesOf(id)[count - 1], { what: `outcome ${count} of ${id}`, timeoutMs: 25_000 }) as Promise<Outcome>;
  const definition = (tasks: JsonObject[], more: JsonObject = {}): JsonObject => ({ name: "k", groups: [{ name: "g", tasks }], ...more });
  const workflowCount = async (): Promise<number> => (await server.node.engine.workflows(CALLER, {}, {})).totalCount;

  test("a workflow is submitted, supplied and signalled by commands, and ends", async () => {
    await send({ id: "s1", command: "submitWorkflow", input: { input: { definition: definition([
      { name: "ask", handler: "signal" }, { name: "reads", handler: "transform", input: { expression: "$", data: "{{ key }}" } },
    ], { externalKeys: ["key"] }) } } });
    const { workflowId, problems, duplicate } = await outcomeOf("s1");
    expect({ problems, duplicate }).toEqual({ problems: [], duplicate: false });
    const id = workflowId as string;
    await waitFor(async () => (await server.node.engine.workflowDetail(CALLER, id))?.tasks[0]?.status === "WAITING", { what: "the question" });
    await send({ id: "p1", command: "provideContext", input: { id, values: { key: [1] } }, key: id }, { id: "a1", command: "signalTask", input: { workflowId: id, task: "g.ask", payload: "yes" }, key: id });
    expect(await outcomeOf("p1")).toEqual({ id: "p1", workflowId: id, problems: [] });
    expect(await outcomeOf("a1")).toEqual({ id: "a1", workflowId: id, problems: [] });
    expect((await finished(server.node, id)).status).toBe("COMPLETED");
    expect(await server.node.engine.context(id)).toEqual({ key: [1], ask: "yes", reads: [1] });
    // What was rerun by a command is one more workflow, however often the command comes.
    await send(...Array.from({ length: 3 }, () => ({ id: "r1", command: "rerunWorkflow", input: { id } })));
    const rerun = await outcomeOf("r1", 3);
    expect(new Set(outcomesOf("r1").map((outcome) => outcome.workflowId))).toEqual(new Set([rerun.workflowId]));
    expect(rerun.workflowId).not.toBe(id);
  });

  test("a command that comes again, on whatever partition, makes one workflow and gets the same answer", async () => {
    const before = await workflowCount();
    const input = { definition: definition([{ name: "a", handler: "log" }]) };
    await send(...Array.from({ length: 20 }, (_, i) => ({ id: `dup${i % 4}`, command: "submitWorkflow", input, key: `k${i}` })));
    await Promise.all([0, 1, 2, 3].map((i) => outcomeOf(`dup${i}`, 5)));
    for (const i of [0, 1, 2, 3]) expect(new Set(outcomesOf(`dup${i}`).map((outcome) => outcome.workflowId)).size).toBe(1);
    expect(await workflowCount()).toBe(before + 4);
    await send({ id: "dup0", command: "submitWorkflow", input: { ...input, labels: { other: true } } });
    expect(await outcomeOf("dup0", 6)).toMatchObject({ workflowId: null, problems: [{ code: "IDEMPOTENCY_CONFLICT" }] });
    expect(await workflowCount()).toBe(before + 4);
  });

  test("commands of one key run in their order", async () => {
    await send({ id: "o0", command: "submitWorkflow", input: { definition: definition([{ name: "a", handler: "nobody" }]) } });
    const id = (await outcomeOf("o0")).workflowId as string;
    const verbs = ["pauseWorkflow", "resumeWorkflow", "pauseWorkflow", "resumeWorkflow", "pauseWorkflow", "cancelWorkflow", "resumeWorkflow"];
    await send(...verbs.map((command, i) => ({ id: `o${i + 1}`, command, input: { id }, key: id })));
    await outcomeOf("o7");
    const outcomes = await Promise.all(verbs.map((_, i) => outcomeOf(`o${i + 1}`)));
    expect(outcomes.map(({ problems }) => problems.map(({ code }) => code))).toEqual([[], [], [], [], [], [], ["ALREADY_ENDED"]]);
  });

  test("what is wrong with a definition is told in the outcome, as by the mutation", async () => {
    await send({ id: "w1", command: "submitWorkflow", input: { definition: definition([{ name: "a", handler: "log", input: "{{ nowhere }}" }]) } });
    expect(await outcomeOf("w1")).toMatchObject({ workflowId: null, problems: [{ code: "UNKNOWN_KEY" }] });
  });

  test("messages that are no commands are set aside with the reason, and those behind them are carried out", async () => {
    const before = deadLetters.messages.length;
    const deep = `{"id":"deep","command":"cancelWorkflow","input":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    const poison: (string | Buffer | null)[] = [
      null, "", "no json", "[1]", "{}", '{"id":7,"command":"x","input":{}}', Buffer.from([0xff, 0xfe]), `{"id":"${"x".repeat(300)}"}`, deep,
      '{"id":"x1","command":"dropEverything","input":{}}', '{"id":"x2","command":"claimTasks","input":{}}', '{"id":"x3","command":"cancelWorkflow","input":{"id":"s0","extra":1}}',
      '{"id":"x4","command":"submitWorkflow","input":{"definition":7}}', '{"id":"x5","command":"toString","input":{}}', '{"id":"x6","command":"cancelWorkflow"}',
      `{"id":"x7","command":"cancelWorkflow","input":{"id":"${"x".repeat(900_000)}"}, "more": 1}x`,
    ];
    await sendTo(kafka as TestKafka, topics.commands, poison.slice(0, -1).map((value, i) => ({ key: `p${i % 3}`, value })));
    await sendTo(kafka as TestKafka, topics.commands, poison.slice(-1).map((value) => ({ key: "p1", value })));
    await send({ id: "after", command: "submitWorkflow", input: { definition: definition([{ name: "a", handler: "log" }]) }, key: "p1" });
    expect((await outcomeOf("after")).problems).toEqual([]);
    await waitFor(() => deadLetters.messages.length >= before + poison.length, { what: "the dead letters", timeoutMs: 20_000 });
    const letters = deadLetters.messages.slice(before);
    expect(letters).toHaveLength(poison.length);
    expect(letters.every(({ headers }) => headers?.["reason"]?.toString() === "COMMAND_INVALID" && (headers["reason-message"]?.length ?? 0) > 10)).toBe(true);
    expect(letters.map(({ value }) => value?.toString()).sort()).toEqual(poison.map((value) => value?.toString()).sort());
    for (const id of ["x1", "x2", "x3", "x4", "x5", "x6"]) expect(await outcomeOf(id)).toMatchObject({ workflowId: null, problems: [{ code: "COMMAND_INVALID" }] });
  });

  test("a task bound to a topic is produced there, and ends by commands", async () => {
    const topic = `${keyPrefix}.work`;
    const work = await readTopic(kafka as TestKafka, topic);
    await send({ id: "t1", command: "submitWorkflow", input: { definition: definition([
      { name: "far", handler: `kafka:${topic}`, input: { n: "{{ n }}" } },
      { name: "each", handler: `kafka:${topic}`, input: "{{ x }}", queue: "other", priority: 3, expansion: { array: { x: "[1, 2]" } } },
      { name: "fails", handler: `kafka:${topic}`, input: 0, onFailure: "IGNORE" },
      { name: "wrong", handler: "kafka:no/topic", input: 0, onFailure: "IGNORE" },
    ]), context: { n: 1 } } });
    const first = await outcomeOf("t1");
    expect(first.problems).toMatchObject([{ code: "UNKNOWN_HANDLER" }]);
    await send({ id: "t2", command: "submitWorkflow", input: { definition: definition([
      { name: "far", handler: `kafka:${topic}`, input: { n: "{{ n }}" } },
      { name: "each", handler: `kafka:${topic}`, input: "{{ x }}", queue: "other", priority: 3, expansion: { array: { x: "[1, 2]" } } },
      { name: "fails", handler: `kafka:${topic}`, input: 0, onFailure: "IGNORE" },
      { name: "own", handler: `kafka:${topics.commands}`, input: 0, onFailure: "IGNORE" },
    ]), context: { n: 1 } } });
    const id = (await outcomeOf("t2")).workflowId as string;
    interface Offered { claim: string; workflowId: string; task: string; attempt: number; input: JsonValue }
    const offered = await waitFor(() => work.messages.length >= 4 && work.values<Offered>(), { what: "the tasks on the topic", timeoutMs: 20_000 }) as Offered[];
    expect(offered.map(({ task, attempt, input }) => ({ task, attempt, input })).sort((a, b) => (a.task < b.task ? -1 : 1))).toEqual([
      { task: "g.each[0]", attempt: 1, input: 1 }, { task: "g.each[1]", attempt: 1, input: 2 },
      { task: "g.fails", attempt: 1, input: 0 }, { task: "g.far", attempt: 1, input: { n: 1 } },
    ]);
    const claimOf = (name: string): string => offered.find(({ task }) => task === name)?.claim as string;
    await send(
      { id: "t3", command: "reportProgress", input: { claim: claimOf("g.far"), percent: 50, message: "half" }, key: id },
      { id: "t4", command: "heartbeatTasks", input: { workerId: "kafka", claims: [claimOf("g.far")] }, key: id },
      { id: "t5", command: "completeTasks", input: { results: ["g.far", "g.each[0]", "g.each[1]"].map((name) => ({ claim: claimOf(name), result: name })) }, key: id },
      { id: "t6", command: "failTask", input: { claim: claimOf("g.fails"), code: "NO", message: "no", retryable: false }, key: id },
    );
    expect(await outcomeOf("t4")).toEqual({ id: "t4", workflowId: null, problems: [], lost: [] });
    expect((await outcomeOf("t5")).accepted).toHaveLength(3);
    expect(await outcomeOf("t6")).toEqual({ id: "t6", workflowId: id, problems: [] });
    const events = [];
    for await (const event of server.node.events.subscribe(id)) events.push(event);
    expect(events).toContainEqual(expect.objectContaining({ type: "TASK_PROGRESS", task: "g.far", progress: expect.objectContaining({ percent: 50, message: "half" }) }));
    expect(events).toContainEqual(expect.objectContaining({ type: "TASK_FAILED", task: "g.fails", error: expect.objectContaining({ code: "NO" }) }));
    expect(events).toContainEqual(expect.objectContaining({ type: "TASK_FAILED", task: "g.own", error: expect.objectContaining({ code: "INPUT_INVALID" }) }));
    expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
    expect(await server.node.engine.context(id)).toMatchObject({ far: "g.far", each: ["g.each[0]", "g.each[1]"] });
    await work.stop();
  });

  test("kafka.publish writes a message and answers where it stands; the bridge's own topics are closed to it", async () => {
    const topic = `${keyPrefix}.out`;
    await makeTopics(kafka as TestKafka, [topic], 1);
    const out = await readTopic(kafka as TestKafka, topic);
    const publish = (input: JsonObject): JsonObject => ({ handler: "kafka.publish", input, onFailure: "IGNORE" });
    await send({ id: "u1", command: "submitWorkflow", input: { definition: definition([
      { name: "a", ...publish({ topic, key: "k", headers: { h: "v" }, value: { x: "{{ n }}" } }) },
      { name: "b", after: ["a"], ...publish({ topic, value: "text" }) },
      { name: "own", ...publish({ topic: topics.commands, value: {} }) },
      { name: "odd", ...publish({ topic, value: 1, partiton: 2 }) },
    ]), context: { n: 1 } } });
    const id = (await outcomeOf("u1")).workflowId as string;
    const detail = await finished(server.node, id);
    expect(await server.node.engine.context(id)).toMatchObject({ a: { partition: 0, offset: 0 }, b: { partition: 0, offset: 1 } });
    expect(detail.tasks.filter(({ node }) => ["own", "odd"].includes(node.task.name)).map(({ error }) => error?.code)).toEqual(["INPUT_INVALID", "INPUT_INVALID"]);
    await waitFor(() => out.messages.length === 2, { what: "the messages" });
    expect(out.messages.map(({ key, text, headers }) => [key?.toString(), text, headers?.["h"]?.toString()])).toEqual([["k", '{"x":1}', "v"], [undefined, "text", undefined]]);
    await out.stop();
  });

  test("a server that starts anew goes on behind what was answered, and a command from before has its answer", async () => {
    const input = { definition: definition([{ name: "a", handler: "log" }]) };
    await send({ id: "n1", command: "submitWorkflow", input });
    const before = await outcomeOf("n1");
    await server.stop();
    await send({ id: "n1", command: "submitWorkflow", input }, { id: "n2", command: "submitWorkflow", input });
    server = await startTestServer({ config });
    expect((await outcomeOf("n1", 2)).workflowId).toBe(before.workflowId);
    expect((await outcomeOf("n2")).problems).toEqual([]);
    expect(outcomesOf("n2")).toHaveLength(1);
    expect(outcomesOf("o0")).toHaveLength(1);
  });
});

test("without brokers kafka.publish fails for good and says what is missing", async () => {
  const server = await startTestServer();
  try {
    const { workflowId } = await server.node.engine.submitWorkflow(CALLER, { definition: {
      name: "k", onFailure: "CONTINUE", groups: [{ name: "g", dependencies: [], tasks: [{ name: "a", handler: "kafka.publish", input: { topic: "t" }, dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [], onFailure: "FAIL" }] }],
    } });
    expect((await finished(server.node, workflowId as string)).error).toMatchObject({ code: "KAFKA_OFF", retryable: false });
  } finally {
    await server.stop();
  }
});
