/** What streams of several operations may cost: reservations are few and expire, what a burst brings is one write, a stalled stream is cut, and whoever is gone is let go. */

import { createServer, type Server } from "node:http";
import { connect as connectTcp, type AddressInfo, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createContext } from "../../src/api/context.js";
import { createEventStreams, type EventStreamParts, type EventStreams } from "../../src/api/eventStream.js";
import { createHttpHandler } from "../../src/api/httpHandler.js";
import { createPreparer } from "../../src/api/prepareOperation.js";
import { createSchema } from "../../src/api/schema.js";
import { SharedSubscriptions } from "../../src/api/subscriptions/SharedSubscriptions.js";
import type { FanwireNode } from "../../src/main.js";
import { silentLog } from "../../src/runtime/log.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { CALLER, finished, startTestNode } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { ask, EVENTS, reserve, StreamTalk, TOKEN } from "./streamTalk.js";

let node: FanwireNode;
beforeAll(async () => { node = await startTestNode(); });
afterAll(() => node.stop());

interface Served { url: string; streams: EventStreams; subscriptions: SharedSubscriptions; stalls: string[] }
const servers: Server[] = [];
afterEach(() => { for (const server of servers.splice(0)) server.close().closeAllConnections(); });

async function serveStreams(more: Partial<EventStreamParts> = {}): Promise<Served> {
  const schema = await createSchema();
  const stalls: string[] = [];
  const log = Object.assign(Object.create(silentLog) as typeof silentLog, { info: (_fields: object, message: string) => { stalls.push(message); } });
  const { engine, events, fleet, remoteWorkers: workers } = node;
  const facts = { version: "0", startedMs: 0, redisStatus: () => node.redisStatus(), kafkaStatus: () => Promise.resolve("off") };
  const newContext = (signal: AbortSignal) => createContext({ engine, events, fleet, workers, server: facts }, signal);
  const subscriptions = new SharedSubscriptions(log);
  const streams = createEventStreams({ schema, prepare: createPreparer(schema), newContext, subscriptions, stallMs: 60_000, log, ...more });
  const server = createServer(createHttpHandler({ graphql: async () => undefined, eventStreams: streams.handle, pages: new Map(), ready: async () => true, metrics: async () => "", log }));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, streams, subscriptions, stalls };
}

async function waitingWorkflow(count: number): Promise<string> {
  const each = task("each", { handler: "log", input: { go: "{{ go }}" }, expansion: expansion({ array: { x: `[1..${count}]` } }) });
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: { ...oneGroup(each), externalKeys: ["go"] } });
  return workflowId as string;
}

/** About 40 MB of payloads. */
async function largeWorkflow(): Promise<string> {
  const each = task("each", { handler: "transform", input: { expression: "text & i", data: { text: "{{ text }}", i: "{{ i }}" } }, expansion: expansion({ array: { i: "[1..400]" } }) });
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: oneGroup(each), context: { text: "x".repeat(100_000) } });
  await finished(node, workflowId as string);
  return workflowId as string;
}

const RESULTS = "subscription($id: ID!) { workflowEvents(id: $id) { seq ... on TaskEvent { result } } }";

/** An open stream whose bytes are seen as they come. */
async function rawStream(url: string, token: string): Promise<{ socket: Socket; chunks(): string[] }> {
  const socket = connectTcp(Number(new URL(url).port), "127.0.0.1");
  let text = "";
  // A stream that is cut may end so.
  socket.on("error", () => undefined).on("data", (bytes) => { text += bytes.toString("latin1"); });
  socket.write(`GET /graphql/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n${TOKEN}: ${token}\r\n\r\n`);
  await waitFor(() => text.includes(":\n\n"), { what: "the stream" });
  return { socket, chunks: () => chunksOf(text.slice(text.indexOf("\r\n\r\n") + 4)) };
}

/** Of an answer in chunks: each is one write. */
function chunksOf(body: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf("\r\n", at);
    const length = parseInt(body.slice(at, lineEnd), 16);
    if (lineEnd < 0 || body.length < lineEnd + 4 + length) break;
    found.push(body.slice(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 4 + length;
  }
  return found;
}

test("reservations that nobody opens expire, and there are at most so many of them", async () => {
  const { url } = await serveStreams({ reservedMs: 300, reservedMost: 2 });
  const tokens = [await reserve(url), await reserve(url)];
  const third = await ask(url, "PUT");
  expect([third.status, third.headers.get("retry-after")]).toEqual([503, "1"]);
  const opened = new StreamTalk(url, tokens[0] as string);
  await opened.listen();
  await reserve(url);
  await waitFor(async () => (await ask(url, "DELETE", { token: tokens[1], search: "?operationId=x" })).status === 404, { what: "the second to expire" });
  // The one that was opened in time has not.
  expect((await opened.operate("lives", "{ serverInfo { kafka } }")).status).toBe(202);
  expect(await opened.results("lives")).toHaveLength(1);
  opened.close();
});

test("operations that wait for streams to be opened are bounded for the whole process", async () => {
  const { url } = await serveStreams();
  const talks = [new StreamTalk(url, await reserve(url)), new StreamTalk(url, await reserve(url))];
  const statuses: number[] = [];
  for (let i = 0; i < 102; i++) statuses.push((await (talks[i % 2] as StreamTalk).operate(String(i), "{ serverInfo { kafka } }")).status);
  expect(statuses.filter((status) => status === 202)).toHaveLength(100);
  expect(statuses.slice(100)).toEqual([503, 503]);
  await talks[0]?.listen();
  expect(await talks[0]?.results("98")).toHaveLength(1);
  expect((await (talks[1] as StreamTalk).operate("room again", "{ serverInfo { kafka } }")).status).toBe(202);
  talks[0]?.close();
});

test("what an event brings for twenty equal operations of a stream is one execution and one write", async () => {
  const { url, subscriptions } = await serveStreams();
  const id = await waitingWorkflow(5);
  const talk = new StreamTalk(url, await reserve(url));
  const { socket, chunks } = await rawStream(url, talk.token);
  for (let i = 0; i < 20; i++) await talk.operate(`op ${i}`, EVENTS, { id });
  await waitFor(() => chunks().join("").split('"WORKFLOW_SUBMITTED"').length === 21, { what: "all operations to have begun" });
  await waitFor(() => subscriptions.executions === 1, { what: "one execution" });
  await node.engine.provideContext(CALLER, id, { go: 1 });
  await waitFor(() => chunks().join("").split("event: complete").length === 21, { what: "all operations to be complete" });
  const last = chunks().filter((chunk) => chunk.includes('"WORKFLOW_COMPLETED"'));
  expect(last.map((chunk) => chunk.split('"WORKFLOW_COMPLETED"').length - 1)).toEqual([20]);
  expect(subscriptions.executions).toBe(0);
  socket.destroy();
});

test("a client that has gone leaves nothing running, and its token is no one's", async () => {
  const { url, subscriptions } = await serveStreams();
  const id = await waitingWorkflow(1);
  const talk = await StreamTalk.open(url);
  await Promise.all(["a", "b"].map((name) => talk.operate(name, EVENTS, { id })));
  await waitFor(() => talk.of("a").length > 0 && talk.of("b").length > 0 && subscriptions.executions > 0);
  talk.close();
  await waitFor(() => subscriptions.executions === 0, { what: "the executions to end" });
  expect((await talk.operate("c", EVENTS, { id })).status).toBe(404);
});

test("a stalled stream is cut, and its operations end with it", async () => {
  const { url, stalls, subscriptions } = await serveStreams({ stallMs: 1_000 });
  const id = await largeWorkflow();
  const talk = new StreamTalk(url, await reserve(url));
  const { socket } = await rawStream(url, talk.token);
  socket.pause();
  await talk.operate("a", RESULTS, { id });
  await talk.operate("b", RESULTS, { id });
  await waitFor(() => stalls.some((message) => message.includes("took nothing")), { what: "the stall to be noticed", timeoutMs: 20_000 });
  await waitFor(() => subscriptions.executions === 0, { what: "the executions to end" });
  expect((await talk.operate("c", EVENTS, { id })).status).toBe(404);
  socket.destroy();
});

test("a stream that another operation's large answer fills holds up the others only until it is taken", async () => {
  const { url } = await serveStreams();
  const [large, small] = [await largeWorkflow(), await waitingWorkflow(5)];
  const talk = new StreamTalk(url, await reserve(url));
  const { socket, chunks } = await rawStream(url, talk.token);
  await talk.operate("small", EVENTS, { id: small });
  await waitFor(() => chunks().join("").includes('"WORKFLOW_SUBMITTED"'));
  socket.pause();
  await talk.operate("large", "query($id: ID!) { workflow(id: $id) { context } }", { id: large });
  await node.engine.provideContext(CALLER, small, { go: 1 });
  await finished(node, small);
  socket.resume();
  const complete = (name: string): boolean => chunks().some((chunk) => chunk.includes(`event: complete\ndata: {"id":"${name}"}`));
  await waitFor(() => complete("small") && complete("large"), { what: "the ends of both", intervalMs: 200, timeoutMs: 30_000 });
  socket.destroy();
}, 60_000);

test("a server that goes away ends its streams, and takes no reservation and no operation", async () => {
  const { url, streams } = await serveStreams();
  const [talk, token] = [await StreamTalk.open(url), await reserve(url)];
  await talk.operate("a", EVENTS, { id: await waitingWorkflow(1) });
  await waitFor(() => talk.of("a").length > 0);
  streams.close();
  await waitFor(() => talk.ended === "end", { what: "the end of the stream" });
  expect(talk.messages.every(({ event }) => event === "next")).toBe(true);
  for (const response of [await ask(url, "PUT"), await ask(url, "GET", { token, headers: { accept: "text/event-stream" } }), await talk.operate("b", EVENTS)]) {
    expect([response.status, ((await response.json()) as { errors: { extensions: object }[] }).errors[0]?.extensions]).toEqual([503, { code: "UNAVAILABLE" }]);
  }
});
