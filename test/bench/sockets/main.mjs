/**
 * Compares how many events per second reach WebSocket subscribers of one workflow, and what an idle subscription weighs:
 * `node test/bench/sockets/main.mjs [options]` (after `npm run build`).
 *
 *   --sockets 1000,5000   how many subscribe at once
 *   --items 50            items of the workflow: two events each, and a few more
 *   --runs 3              measured runs of each side; the median is shown
 *   --sides a,b           of fanwire, stock, bare
 *   --resume 10000        instead: so many sockets follow, are cut all at once, and resume
 *   --json                one JSON document instead of the table
 *
 * fanwire  this server as `serve` starts it
 * stock    the same schema and the same engine behind graphql-ws as its documentation sets it up: an execution per socket
 * bare     no GraphQL: each event is made into text once, and sent to each socket by a send of its own
 *
 * All sockets subscribe to a workflow that waits. Then it is let go, and its events come much faster than they can be delivered; the time runs
 * until the last socket has its last event. A side is one process with an engine and a worker in it, and a Redis of its own; the sockets are held
 * by another process, which looks at no more of a frame than its head. It checks that each socket got every event, and of one of them the order.
 * Weight: heap and buffers of the server after a collection, with the sockets minus without. Sides take turns within a run.
 */

import { parseArgs } from "node:util";
import { formatSockets, medians } from "./report.mjs";
import { measureResume } from "./resume.mjs";
import { startClients, startServer } from "./sides.mjs";

const SIDES = ["fanwire", "stock", "bare"];

function readOptions() {
  const { values } = parseArgs({
    options: {
      sockets: { type: "string", default: "1000,5000" }, items: { type: "string", default: "50" }, runs: { type: "string", default: "3" },
      sides: { type: "string", default: SIDES.join() }, resume: { type: "string" }, json: { type: "boolean", default: false },
    },
  });
  const numbers = (text) => text.split(",").map(Number);
  return {
    sockets: numbers(values.sockets), items: Number(values.items), runs: Number(values.runs), sides: values.sides.split(","), json: values.json,
    resume: values.resume === undefined ? undefined : Number(values.resume),
  };
}

/** @returns {Promise<{ eventsPerSecond: number, bytesPerSubscription: number }>} */
async function measure(side, sockets, items) {
  const server = await startServer(side);
  const clients = await startClients();
  try {
    const { id, events } = await server.ask({ submit: items });
    await clients.ask({ open: 20, url: server.url, id, ahead: events });
    await clients.ask({ close: true });
    const before = await server.ask({ weigh: true });
    await clients.ask({ open: sockets, url: server.url, id, ahead: events });
    const after = await server.ask({ weigh: true });
    const done = clients.ask({ follow: true });
    const startMs = performance.now();
    await server.ask({ go: id });
    const { delivered, agoMs } = await done;
    return { eventsPerSecond: (delivered / (performance.now() - agoMs - startMs)) * 1000, bytesPerSubscription: (after.bytes - before.bytes) / sockets };
  } finally {
    await clients.stop();
    await server.stop();
  }
}

async function main() {
  const options = readOptions();
  if (options.resume !== undefined) {
    const figures = await measureResume(options.resume, options.items);
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
    return;
  }
  const results = [];
  for (const sockets of options.sockets) {
    const runs = Object.fromEntries(options.sides.map((side) => [side, []]));
    for (let run = 0; run < options.runs; run += 1) {
      for (const side of run % 2 === 0 ? options.sides : [...options.sides].reverse()) {
        const figures = await measure(side, sockets, options.items);
        process.stderr.write(`${sockets} sockets, ${side}: ${Math.round(figures.eventsPerSecond)} events/s, ${Math.round(figures.bytesPerSubscription)} B\n`);
        runs[side].push(figures);
      }
    }
    results.push({ sockets, sides: medians(runs) });
  }
  process.stdout.write(options.json ? `${JSON.stringify({ node: process.version, results }, null, 2)}\n` : formatSockets(results));
}

await main();
