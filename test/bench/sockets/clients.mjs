/** The process that holds the sockets: lean, so that the server is what is measured. */

import { LeanSocket } from "./LeanSocket.mjs";
import { serveParent } from "./sides.mjs";

const QUERY = "subscription($id: ID!, $after: Cursor) { workflowEvents(id: $id, after: $after) { __typename seq type cursor at ... on TaskEvent { task item attempt } } }";

/** How many connect at the same time. */
const CONNECTING = 100;

let sockets = [];

/** Resolves when each has got the `ahead` events that there were already. */
async function open(count, url, id, ahead, exact = false) {
  sockets = Array.from({ length: count }, (_, i) => new LeanSocket(url, { query: QUERY, id }, exact || i === 0));
  await inLanes(sockets, (socket) => socket.connect(ahead));
}

async function inLanes(list, work) {
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(CONNECTING, list.length) }, async () => {
    while (next < list.length) await work(list[next++]);
  }));
}

async function follow() {
  const before = sockets.reduce((sum, socket) => sum + socket.events, 0);
  await Promise.all(sockets.map((socket) => socket.completed));
  const counts = new Set(sockets.map((socket) => socket.events));
  if (counts.size !== 1) throw new Error(`Sockets got different numbers of events: ${[...counts].join()}`);
  sockets[0].checkOrder();
  const delivered = sockets.reduce((sum, socket) => sum + socket.events, 0) - before;
  return { delivered, lastMs: sockets.reduce((latest, socket) => Math.max(latest, socket.completedMs), 0), nowMs: performance.now() };
}

function closeAll() {
  for (const socket of sockets) socket.cut();
  sockets = [];
}

serveParent(async (message) => {
  if (message.open !== undefined) await open(message.open, message.url, message.id, message.ahead, message.exact);
  if (message.close) closeAll();
  if (message.follow) {
    const { nowMs, ...figures } = await follow();
    // Clocks differ between processes: the parent gets the moment on its own.
    return { ...figures, agoMs: nowMs - figures.lastMs, lastMs: undefined };
  }
  if (message.resume) return resume(message.url, message.atEvents);
  return {};
}, { ready: true });

/** Cuts all sockets at once when the first has got so many events; each goes on behind its own last cursor. */
async function resume(url, atEvents) {
  await sockets[0].reached(atEvents);
  for (const socket of sockets) socket.cut();
  const startMs = performance.now();
  const eventsAtCut = sockets.map((socket) => socket.events).sort((a, b) => a - b);
  await inLanes(sockets, (socket) => socket.connect(0, url));
  const connectedMs = performance.now() - startMs;
  await Promise.all(sockets.map((socket) => socket.completed));
  const counts = new Set(sockets.map((socket) => socket.events));
  for (const socket of sockets) socket.checkOrder();
  return {
    sockets: sockets.length, eventsAtCut: [eventsAtCut[0], eventsAtCut.at(-1)], connectedMs: Math.round(connectedMs),
    completedMs: Math.round(performance.now() - startMs), eventsEach: [...counts],
  };
}
