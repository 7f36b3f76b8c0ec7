/** Many sockets follow one workflow, are cut all at once in its middle, connect again and go on. */

import { startClients, startServer } from "./sides.mjs";

export async function measureResume(sockets, items) {
  const server = await startServer("fanwire");
  const clients = await startClients();
  try {
    const { id, events } = await server.ask({ submit: items, slow: true });
    const openMs = performance.now();
    await clients.ask({ open: sockets, url: server.url, id, ahead: events, exact: true });
    const openedMs = performance.now() - openMs;
    const resumed = clients.ask({ resume: true, url: server.url, atEvents: events + items });
    await server.ask({ go: id });
    return { openedMs: Math.round(openedMs), ...(await resumed) };
  } finally {
    await clients.stop();
    await server.stop();
  }
}
