/** Sockets that are cut and servers that are killed at any moment: whoever resumes behind the last cursor sees the log exactly once. */

import { afterAll, afterEach, expect, test } from "vitest";
import WebSocket from "ws";
import { startCli, type StartedProgram } from "../cli/runCli.js";
import { expansion, group, task, workflow } from "../support/builders.js";
import { freePort } from "../support/ports.js";
import { expectSoundKeysAtRest } from "../support/soundKeys.js";
import { CALLER, eventsOf, startTestNode, testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import { expectWholeLog } from "./checks.js";

const SERVERS = 2;
const CLIENTS = 12;
const KILLS = 5;
/** A client cuts its socket after so many events at most. */
const CUT_AFTER = 60;

/** Half of the clients ask for the same, so that they share executions; the others differ in document or variables. */
const QUERIES = [
  "subscription($id: ID!, $after: Cursor) { workflowEvents(id: $id, after: $after) { seq type cursor } }",
  "subscription($id: ID!, $after: Cursor, $more: Boolean = false) { workflowEvents(id: $id, after: $after) { seq type cursor at @include(if: $more) } }",
];

const followed = workflow([group("g", [
  ...Array.from({ length: 100 }, (_, i) => task(`t${i}`, { handler: "delay", input: { duration: "20ms" }, after: i === 0 ? [] : [`t${i - 1}`] })),
  task("each", { handler: "delay", input: { duration: "50ms" }, expansion: expansion({ array: { x: "[1..1200]" }, maxParallel: 5 }) }),
])]);

interface Seen {
  seq: number;
  type: string;
  cursor: string;
}

const keyPrefix = testPrefix();
const redisUrl = process.env.FANWIRE_TEST_REDIS as string;
const reader = startTestNode({ config: { keyPrefix, worker: false } });
afterAll(async () => (await reader).stop());

class Server {
  program: StartedProgram | undefined;
  constructor(readonly port: number) {}

  async start(): Promise<void> {
    this.program = startCli(["serve", "--port", String(this.port)], { env: { REDIS_URL: redisUrl, KEY_PREFIX: keyPrefix, LEASE: "1s", LOG_LEVEL: "error" } });
    const { output } = this.program;
    await waitFor(() => /^Fanwire serves/m.test(output.stderr), { what: `the server to listen; it wrote ${output.stderr}`, timeoutMs: 20_000 });
  }

  async kill(): Promise<void> {
    this.program?.kill("SIGKILL");
    await this.program?.ended;
  }
}

const servers: Server[] = [];
afterEach(() => Promise.all(servers.map((server) => server.kill())));

const random = (below: number): number => Math.floor(Math.random() * below);

class Client {
  readonly seen: Seen[] = [];
  cuts = 0;
  #done = false;

  constructor(private readonly workflowId: string, private readonly index: number) {}

  /** Follows the workflow to its end, over as many sockets as it takes. */
  async follow(): Promise<void> {
    // From one server to the other each time: the one that was killed refuses, the other one goes on.
    for (let turn = this.index; !this.#done; turn++) {
      const before = this.seen.length;
      await this.#followOn(`ws://127.0.0.1:${(servers[turn % SERVERS] as Server).port}/graphql`);
      if (!this.#done && this.seen.length > before) this.cuts += 1;
    }
  }

  /** Until the socket is closed, by either side. */
  #followOn(url: string): Promise<void> {
    const socket = new WebSocket(url, "graphql-transport-ws");
    let left = 1 + random(CUT_AFTER);
    return new Promise((resolve, reject) => {
      socket.on("error", () => {}).on("close", () => resolve());
      socket.on("open", () => socket.send('{"type":"connection_init"}'));
      socket.on("message", (text) => {
        if (socket.readyState !== socket.OPEN) return;
        const message = JSON.parse(String(text)) as { type: string; payload?: { data?: { workflowEvents: Seen }; errors?: unknown } };
        if (message.type === "connection_ack") socket.send(JSON.stringify({ id: "s", type: "subscribe", payload: this.#operation() }));
        else if (message.type === "complete") this.#finish(socket);
        else if (message.payload?.data) {
          this.seen.push(message.payload.data.workflowEvents);
          if (--left === 0) socket.terminate();
        } else reject(new Error(JSON.stringify(message)));
      });
    });
  }

  #operation(): object {
    const variables = { id: this.workflowId, after: this.seen.at(-1)?.cursor ?? null };
    return this.index % 2 === 0 ? { query: QUERIES[0], variables } : { query: QUERIES[1], variables: { ...variables, more: this.index % 3 === 0 } };
  }

  #finish(socket: WebSocket): void {
    this.#done = true;
    socket.close();
  }
}

test("twelve subscribers see every event once and in order, though their sockets are cut and the servers killed all the while", async () => {
  for (let i = 0; i < SERVERS; i++) servers.push(new Server(await freePort()));
  await Promise.all(servers.map((server) => server.start()));
  const node = await reader;
  const { workflowId } = await node.engine.submitWorkflow(CALLER, { definition: followed });
  const clients = Array.from({ length: CLIENTS }, (_, i) => new Client(workflowId as string, i));
  const first = clients[0] as Client;
  const state = { over: false };
  const following = Promise.all(clients.map((client) => client.follow())).finally(() => { state.over = true; });
  let kills = 0;
  const killing = (async () => {
    for (; kills < KILLS && !state.over; kills++) {
      const nextAt = first.seen.length + 20 + random(60);
      await waitFor(() => state.over || first.seen.length >= nextAt, { what: "more events", timeoutMs: 40_000 });
      const server = servers[kills % SERVERS] as Server;
      await server.kill();
      await server.start();
    }
  })();
  await Promise.all([following, killing]);
  const log = await eventsOf(node, workflowId as string);
  expectWholeLog(log);
  for (const { seen } of clients) {
    expect(seen.map(({ seq, type, cursor }) => ({ seq, type, cursor }))).toEqual(log.map(({ seq, type, cursor }) => ({ seq, type, cursor })));
  }
  await expectSoundKeysAtRest(node.redis, keyPrefix);
  // Otherwise nothing was put to the proof.
  expect(kills).toBe(KILLS);
  expect(Math.min(...clients.map(({ cuts }) => cuts))).toBeGreaterThan(3);
}, 120_000);
