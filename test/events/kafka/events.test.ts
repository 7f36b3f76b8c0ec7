/** Events on a real Kafka: every one of them, in order, once when deduplicated, as the API has it. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WorkflowDefinition } from "../../../src/workflow/definition.js";
import type { JsonObject } from "../../../src/workflow/json.js";
import { expansion, group, oneGroup, task, workflow } from "../../support/builders.js";
import { sharedKafka, type TestKafka } from "../../support/kafkaServer.js";
import { readTopic, type TopicReader } from "../../support/kafkaTopic.js";
import { CALLER, eventsOf, startTestServer, testPrefix, type TestServer } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";
import { data as dataOf } from "../../api/graphqlClient.js";

const kafka = await sharedKafka();

interface Envelope { id: string; specversion: string; source: string; type: string; subject: string; time: string; datacontenttype: string; bodyomitted?: boolean; data: JsonObject & { seq: number; workflowId: string } }

const everything: WorkflowDefinition = workflow([group("g", [
  task("a", { handler: "transform", input: { expression: "$", data: { deep: [1, null, "ü"] } } }),
  task("each", { handler: "transform", input: { expression: "$", data: "{{ x }}" }, expansion: expansion({ array: { x: "xs" } }) }),
  task("bad", { handler: "fail", input: { code: "BAD", retryable: false }, onFailure: "IGNORE" }),
  task("never", { when: "false", input: 1 }),
  task("end", { handler: "log", after: ["a", "each"] }),
])]);

describe.skipIf(!kafka)("events on Kafka", () => {
  const keyPrefix = testPrefix();
  let server: TestServer;
  let topic: TopicReader;

  beforeAll(async () => {
    topic = await readTopic(kafka as TestKafka, `${keyPrefix}.events`);
    server = await startTestServer({ config: { keyPrefix, kafkaBrokers: (kafka as TestKafka).brokers, kafkaPrefix: keyPrefix } });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await topic.stop();
  });

  const of = (id: string): Envelope[] => topic.values<Envelope>().filter(({ subject }) => subject === id);
  async function submit(definition: WorkflowDefinition, context: JsonObject = {}): Promise<string> {
    const { workflowId, problems } = await server.node.engine.submitWorkflow(CALLER, { definition, context });
    expect(problems).toEqual([]);
    return workflowId as string;
  }

  test("each event comes in order, with the fields that the API has", async () => {
    const id = await submit(everything, { xs: [1, 2, 3] });
    const log = await eventsOf(server.node, id);
    await waitFor(() => of(id).length >= log.length, { what: "the events on the topic", timeoutMs: 20_000 });
    const [first] = of(id);
    expect(first).toMatchObject({ specversion: "1.0", id: `${id}:1`, source: `/${keyPrefix}`, type: "fanwire.workflow_submitted", subject: id, datacontenttype: "application/json" });
    expect(topic.messages.find(({ key }) => key?.toString() === id)?.headers?.["content-type"]?.toString()).toContain("application/cloudevents+json");
    const { workflow: read } = await dataOf(server, `query ($id: ID!) { workflow(id: $id) { events(first: 1000) { nodes {
      cursor seq type at workflowId
      ... on WorkflowStatusEvent { status error { code message retryable details task } }
      ... on GroupEvent { group }
      ... on ContextEvent { keys }
      ... on TaskEvent { task item attempt worker result itemCount error { code message retryable details task } progress { percent message data at } }
    } } } }`, { id });
    expect(of(id).map((event) => event.data)).toEqual(read.events.nodes);
    expect(of(id).map(({ id: eventId, type, time, data: { seq, type: name, at } }) => [eventId, type, time, seq, name, at]))
      .toEqual(of(id).map(({ data: { seq, type, at } }) => [`${id}:${seq}`, `fanwire.${String(type).toLowerCase()}`, at, seq, type, at]));
  });

  test("a result too large for a message is left out, and the event says so", async () => {
    const id = await submit(oneGroup(task("big", { handler: "transform", input: { expression: "$", data: "{{ long }}" } })), { long: "x".repeat(1_000_000) });
    await waitFor(() => of(id).some(({ type }) => type === "fanwire.workflow_completed"), { what: "the end on the topic", timeoutMs: 20_000 });
    const big = of(id).filter(({ type }) => type === "fanwire.task_completed");
    expect(big).toMatchObject([{ bodyomitted: true, data: { task: "g.big", result: null } }]);
    expect(of(id).filter(({ bodyomitted }) => bodyomitted)).toHaveLength(1);
  });

  test("serverInfo tells how far behind the bridge is", async () => {
    await waitFor(async () => (await dataOf(server, "{ serverInfo { kafka } }")).serverInfo.kafka === "connected, lag 0", { what: "lag 0" });
  });
});

test("without brokers serverInfo says that Kafka is off", async () => {
  const server = await startTestServer();
  try {
    expect(await dataOf(server, "{ serverInfo { kafka } }")).toEqual({ serverInfo: { kafka: "off" } });
  } finally {
    await server.stop();
  }
});
