/** One side's server process: `server.mjs <fanwire|stock|bare> <redis port>`. */

import { createServer } from "node:http";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { createContext } from "../../../dist/api/context.js";
import { createSchema } from "../../../dist/api/schema.js";
import { loadConfig } from "../../../dist/config.js";
import { createNode, serve } from "../../../dist/main.js";
import { serveParent } from "./sides.mjs";

const CALLER = { tenant: "default" };
const [side, redisPort] = process.argv.slice(2);

/** Waits for the key `go`, then makes its items, each in 50 ms if they are to be slow. */
const definitionOf = (slow) => ({
  name: "followed", onFailure: "CONTINUE",
  groups: [{
    name: "main", dependencies: [],
    tasks: [{
      name: "work", handler: slow ? "delay" : "log", input: { i: "{{ item }}", go: "{{ go }}", ...(slow ? { duration: "50ms" } : {}) }, dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [],
      onFailure: "FAIL", queue: "default",
      // Small windows, so that the log gets many entries and not a few large ones.
      expansion: { outputFormat: "MERGE", flatten: false, nested: false, failFast: false, onItemFailure: "DROP", array: { item: "items" }, maxParallel: 4 },
    }],
  }],
  externalKeys: ["go"],
});

async function listen(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

async function stockServer(node) {
  const schema = await createSchema();
  const sources = { engine: node.engine, events: node.events, server: {}, fleet: node.fleet, workers: node.remoteWorkers };
  const http = createServer();
  useServer({ schema, context: () => createContext(sources) }, new WebSocketServer({ server: http, path: "/graphql", perMessageDeflate: false }));
  return listen(http);
}

/** Whoever connects gets every event of the one workflow that was submitted, in the protocol's words but without its rules. */
async function bareServer(node) {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, path: "/graphql", perMessageDeflate: false, handleProtocols: () => "graphql-transport-ws" });
  let opening = [];
  sockets.on("connection", (socket) => {
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (message.type === "connection_init") socket.send('{"type":"connection_ack"}');
      else if (message.type === "subscribe") for (const text of opening) socket.send(text);
    });
  });
  const send = (text) => new Promise((resolve) => {
    let left = sockets.clients.size;
    if (left === 0) resolve();
    for (const socket of sockets.clients) socket.send(text, () => { if (--left === 0) resolve(); });
  });
  const follow = async (id) => {
    opening = [];
    for await (const event of node.events.subscribe(id)) {
      const { seq, type, cursor, atMs, task, item, attempt } = event;
      const fields = { __typename: "TaskEvent", seq, type, cursor, at: new Date(atMs).toISOString(), task, item, attempt };
      const text = JSON.stringify({ id: "00000000-0000-4000-8000-000000000000", type: "next", payload: { data: { workflowEvents: fields } } });
      if (sockets.clients.size === 0) opening.push(text);
      await send(text);
    }
    await send('{"id":"00000000-0000-4000-8000-000000000000","type":"complete"}');
  };
  return { url: await listen(http), follow };
}

async function start() {
  const config = loadConfig({}, process.cwd(), { redisUrl: `redis://127.0.0.1:${redisPort}`, logLevel: "warn", port: 0 });
  if (side === "fanwire") {
    const { node, url } = await serve(config);
    return { node, url };
  }
  const node = await createNode(config);
  if (side === "stock") return { node, url: await stockServer(node) };
  return { node, ...(await bareServer(node)) };
}

const { node, url, follow } = await start();

async function weigh() {
  let least = Infinity;
  for (let i = 0; i < 5; i += 1) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return { bytes: least };
}

serveParent(async ({ submit, slow, weigh: weighing, go }) => {
  if (submit !== undefined) {
    const { workflowId, problems } = await node.engine.submitWorkflow(CALLER, { definition: definitionOf(slow), context: { items: Array.from({ length: submit }, (_, i) => i) } });
    if (!workflowId) throw new Error(JSON.stringify(problems));
    follow?.(workflowId).catch((error) => { throw error; });
    const { events } = await node.events.readEvents(workflowId, 1_000);
    return { id: workflowId, events: events.length };
  }
  if (weighing) return weigh();
  if (go) {
    const { problems } = await node.engine.provideContext(CALLER, go, { go: 1 });
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
  }
  return {};
}, { url });
