/** Brokers that want a login: with the right password events go out and commands come in, with a wrong one the log says why nothing does. */

import { afterAll, describe, expect, test } from "vitest";
import { bridgeTopics } from "../../../src/events/kafka/topics.js";
import { silentLog, type Log } from "../../../src/runtime/log.js";
import { data } from "../../api/graphqlClient.js";
import { privateKafka, type PrivateKafka } from "../../support/kafkaServer.js";
import { readTopic, sendTo } from "../../support/kafkaTopic.js";
import { startTestServer, testPrefix, type TestServer } from "../../support/testNode.js";
import { waitFor } from "../../support/waitFor.js";

const login = { username: "bridge", password: "right-password" };
const kafka = (await privateKafka(login)) as PrivateKafka;
const input = { definition: { name: "k", groups: [{ name: "g", tasks: [{ name: "a", handler: "log" }] }] } };

describe.skipIf(!kafka)("brokers that want a login", () => {
  const undo: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const end of undo.reverse()) await end();
    await kafka.stop();
  });

  async function start(keyPrefix: string, mechanism: "plain" | "scram-sha-256", password: string, log: Log = silentLog): Promise<TestServer> {
    const server = await startTestServer({
      log, config: { keyPrefix, kafkaPrefix: keyPrefix, kafkaBrokers: kafka.loginBrokers, kafkaSasl: mechanism, kafkaUsername: login.username, kafkaPassword: () => password },
    });
    undo.push(() => server.stop());
    return server;
  }

  test.each(["plain", "scram-sha-256"] as const)("with the right password, by %s, a command is taken, answered, and its events come out", async (mechanism) => {
    const keyPrefix = testPrefix();
    const topics = bridgeTopics(keyPrefix);
    const [events, results] = await Promise.all([readTopic(kafka, topics.events), readTopic(kafka, topics.results)]);
    undo.push(() => events.stop(), () => results.stop());
    const server = await start(keyPrefix, mechanism, login.password);
    await waitFor(async () => (await data(server, "{ serverInfo { kafka } }")).serverInfo.kafka === "connected, lag 0", { what: "the server to be connected", timeoutMs: 20_000 });
    await sendTo(kafka, topics.commands, [{ key: "k", value: JSON.stringify({ id: "c1", command: "submitWorkflow", input }) }]);
    await waitFor(() => results.messages.length > 0, { what: "the outcome", timeoutMs: 20_000 });
    const [outcome] = results.values<{ workflowId: string; problems: object[] }>();
    expect(outcome?.problems).toEqual([]);
    const types = (): string[] => events.values<{ subject: string; type: string }>().filter(({ subject }) => subject === outcome?.workflowId).map(({ type }) => type);
    await waitFor(() => types().includes("fanwire.workflow_completed"), { what: "the workflow's events", timeoutMs: 20_000 });
  }, 60_000);

  test.each(["plain", "scram-sha-256"] as const)("with a wrong password, by %s, the log says that the login failed, without the password, and workflows run", async (mechanism) => {
    const lines: string[] = [];
    const note = (fields: object, message: string): void => { lines.push(`${message} ${JSON.stringify(fields)}`); };
    const server = await start(testPrefix(), mechanism, "wrong-password", { debug: note, info: note, warn: note, error: note });
    const line = await waitFor(() => lines.find((text) => text.includes("KAFKA_USERNAME")), { what: "the log to tell", timeoutMs: 20_000 })
      .catch((error: unknown) => { throw new Error(`${(error as Error).message}; it said: ${lines.join("\n")}`); });
    expect(line).toMatch(/authentication failed/i);
    expect(lines.join("\n")).not.toContain("wrong-password");
    await waitFor(async () => /^unreachable since /.test((await data(server, "{ serverInfo { kafka } }")).serverInfo.kafka as string), { what: "the status to tell", timeoutMs: 20_000 });
    const submitted = await data(server, "mutation ($input: SubmitWorkflowInput!) { submitWorkflow(input: $input) { workflow { id } problems { code } } }", { input });
    expect(submitted.submitWorkflow.problems).toEqual([]);
  }, 60_000);
});
