/** A server without a worker, a worker with handlers, and a client that watches, in one program. Prints what came of it as JSON. */

import { createClient, createServer, Worker, type WorkflowDefinitionInput, type WorkflowEvent } from "fanwire";
import { charge, pages, total } from "./orders.js";

const definition: WorkflowDefinitionInput = {
  name: "orders",
  groups: [{
    name: "billing",
    tasks: [
      { name: "totals", handler: "orders.total", expansion: { array: { order: "orders" }, identifier: "{{ order.id }}" }, input: "{{ order }}" },
      { name: "receipts", handler: "orders.charge", expansion: { array: { sum: "totals" }, toleratedFailures: 1 }, input: "{{ sum }}", retry: { initialDelay: "10ms" } },
      { name: "listed", handler: "transform", dependencies: ["orders"], expansion: { custom: { expander: "orders.pages", args: { size: 2 } } }, input: { expression: "$count($)", data: "{{ page }}" } },
    ],
  }],
};
const line = (pieces: number, each: number): { article: string; pieces: number; each: number } => ({ article: "a", pieces, each });
const orders = [{ id: "a", lines: [line(3, 12)] }, { id: "b", lines: [line(1, 40), line(2, 5)] }, { id: "c", lines: [line(1, 5_000)] }];

const server = await createServer({ port: 0, worker: false, expanders: [pages], logLevel: "warn" });
const worker = new Worker({ handlers: [total, charge], expanders: [pages], logLevel: "warn", stopGraceMs: 5_000 });
await worker.start();
try {
  const client = createClient({ url: server.url });
  const { id } = await client.submit({ definition, context: { orders } });
  const seen: WorkflowEvent["type"][] = [];
  for await (const event of client.watch(id)) {
    seen.push(event.type);
    if (event.__typename === "TaskEvent" && event.error) console.error(`${event.task}[${event.item}]: ${event.error.code}`);
  }
  const { status, context, counts } = await client.ended(id);
  console.log(JSON.stringify({ status, context: { totals: context.totals, receipts: context.receipts, listed: context.listed }, failed: counts.failed, events: seen.length }));
} finally {
  await worker.stop();
  await server.stop();
}
