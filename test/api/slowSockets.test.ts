/** Slow clients of sockets and streams: a paused one costs no memory, a stalled one is told to resume, and neither loses an event. */

import { connect as connectTcp } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createClient } from "graphql-ws";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { silentLog } from "../../src/runtime/log.js";
import { expansion, oneGroup, task } from "../support/builders.js";
import { CALLER, finished, startTestServer, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";

const STALL_MS = 2_000;
/** About 40 MB of payloads. */
const ITEMS = 400;
const RESULT_CHARS = 100_000;

/** What the strict server says of stalls. */
const stalls: string[] = [];
const noting = Object.assign(Object.create(silentLog) as typeof silentLog, { info: (_fields: object, message: string) => { if (message.includes("took nothing")) stalls.push(message); } });

async function stalled(what: string): Promise<void> {
  await waitFor(() => stalls.some((message) => message.includes(what)), { what: `the ${what}'s stall to be noticed`, timeoutMs: 20_000 });
  stalls.length = 0;
}

let patient: Awaited<ReturnType<typeof startTestServer>>;
let strict: Awaited<ReturnType<typeof startTestServer>>;
let id: string;

beforeAll(async () => {
  const keyPrefix = testPrefix();
  patient = await startTestServer({ config: { keyPrefix, socketStallMs: 600_000 } });
  strict = await startTestServer({ log: noting, config: { keyPrefix, worker: false, socketStallMs: STALL_MS } });
  const definition = oneGroup(task("each", {
    handler: "transform", input: { expression: "text & i", data: { text: "{{ text }}", i: "{{ i }}" } }, expansion: expansion({ array: { i: `[1..${ITEMS}]` } }),
  }));
  const { workflowId } = await patient.node.engine.submitWorkflow(CALLER, { definition, context: { text: "x".repeat(RESULT_CHARS) } });
  id = workflowId as string;
  expect((await finished(patient.node, id)).status).toBe("COMPLETED");
}, 60_000);
afterAll(async () => {
  await strict.stop();
  await patient.stop();
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Of heap and buffers, in bytes, after a collection. */
function weight(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const QUERY = "subscription($id: ID!, $after: Cursor) { workflowEvents(id: $id, after: $after) { seq cursor ... on TaskEvent { result } } }";

/** A socket that stops reading after its first event. */
async function pausedSocket(wsUrl: string): Promise<{ socket: WebSocket; seqs: number[]; completed: Promise<unknown>; closed: Promise<number> }> {
  const socket = new WebSocket(wsUrl, "graphql-transport-ws");
  const seqs: number[] = [];
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  let complete: (value: unknown) => void;
  const completed = new Promise((resolve) => { complete = resolve; });
  socket.on("open", () => socket.send('{"type":"connection_init"}'));
  await new Promise<void>((resolve) => socket.on("message", (text) => {
    const { type, payload } = JSON.parse(String(text)) as { type: string; payload: { data: { workflowEvents: { seq: number } } } };
    if (type === "connection_ack") socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: QUERY, variables: { id } } }));
    if (type === "complete") complete(undefined);
    if (type !== "next") return;
    if (seqs.push(payload.data.workflowEvents.seq) > 1) return;
    socket.pause();
    resolve();
  }));
  return { socket, seqs, completed, closed };
}

test("ten paused clients leave the server's memory flat, and get every event once they read on", async () => {
  const log = (await patient.node.events.readEvents(id, 10_000)).events;
  const before = weight();
  const paused = await Promise.all(Array.from({ length: 10 }, () => pausedSocket(patient.wsUrl)));
  // A client that reads shows that the events are there to be sent.
  const reads = await pausedSocket(patient.wsUrl);
  reads.socket.resume();
  await reads.completed;
  // What all ten have for them together is 400 MB; what was being read when they paused goes as soon as nobody waits for it.
  await waitFor(() => weight() - before < 40 * 1024 * 1024, { what: "memory to be as it was", intervalMs: 100 });
  expect(paused.every(({ seqs }) => seqs.length < log.length)).toBe(true);
  for (const { socket } of paused) socket.resume();
  await Promise.all(paused.map(({ completed }) => completed));
  for (const { seqs, socket } of paused) {
    expect(seqs).toEqual(log.map(({ seq }) => seq));
    socket.close();
  }
  reads.socket.close();
}, 60_000);

test("a stalled socket is closed with 1013, and its client resumes behind its last cursor", async () => {
  const slow = await pausedSocket(strict.wsUrl);
  const other = await pausedSocket(strict.wsUrl);
  other.socket.resume();
  await other.completed;
  await stalled("socket");
  slow.socket.resume();
  expect(await slow.closed).toBe(1013);
  expect(slow.seqs.length).toBeLessThan(other.seqs.length);
  expect(slow.seqs).toEqual(other.seqs.slice(0, slow.seqs.length));
  other.socket.close();
}, 60_000);

test("a client of graphql-ws connects again by itself after 1013", async () => {
  let opened = 0;
  const sockets: WebSocket[] = [];
  class Noted extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      sockets.push(this);
      opened += 1;
    }
  }
  const client = createClient({ url: strict.wsUrl, webSocketImpl: Noted, retryAttempts: 3, retryWait: () => Promise.resolve() });
  let first = true;
  let events = 0;
  await new Promise<void>((resolve, reject) => {
    client.subscribe({ query: QUERY, variables: { id } }, {
      next: () => {
        events += 1;
        if (!first) return;
        first = false;
        sockets[0]?.pause();
        stalled("socket").then(() => sockets[0]?.resume(), reject);
      },
      error: reject, complete: resolve,
    });
  });
  expect(opened).toBe(2);
  expect(events).toBeGreaterThan(ITEMS);
  await client.dispose();
}, 60_000);

test("a stalled stream of server-sent events is cut", async () => {
  const { port, hostname } = new URL(strict.httpUrl);
  const socket = connectTcp(Number(port), hostname);
  const body = JSON.stringify({ query: QUERY, variables: { id } });
  socket.write(`POST /graphql/stream HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await new Promise<void>((resolve) => socket.once("data", () => resolve()));
  const closed = new Promise<string>((resolve) => {
    let text = "";
    socket.on("data", (chunk) => { text = (text + chunk.toString("latin1")).slice(-1_000); });
    socket.on("error", () => undefined).on("close", () => resolve(text));
  });
  socket.pause();
  await stalled("stream");
  socket.resume();
  expect(await closed).not.toContain("event: complete");
}, 60_000);
