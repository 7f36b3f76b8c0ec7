/** Tasks pushed to a worker: no more than it can hold, and handed back when it goes. */

import type { Client } from "graphql-ws";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import { waitFor } from "../support/waitFor.js";
import { collect, connect, submit, SubscriptionErrors } from "./graphqlClient.js";
import { ended, oneGroupOf, RemoteWorker, workflowOf, type Claimed } from "./remoteWorker.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
let client: Client;
const OFFERS = "subscription($input: ClaimTasksInput!) { taskOffers(input: $input) { claim handler input workflowId task attempt idempotencyKey leaseUntil } }";

beforeAll(async () => {
  server = await startTestServer();
  client = connect(server);
});
afterAll(async () => {
  await client.dispose();
  await server.stop();
});

/** Offers as they come. */
function subscribe(worker: RemoteWorker, max: number, on: Client = client): { offers: Claimed[]; close(): void } {
  const offers: Claimed[] = [];
  const close = on.subscribe<{ taskOffers: Claimed }>(
    { query: OFFERS, variables: { input: { workerId: worker.id, handlers: worker.handlers, max, lease: "30s" } } },
    { next: ({ data }) => { if (data) offers.push(data.taskOffers); }, error: () => undefined, complete: () => undefined },
  );
  return { offers, close };
}

function fiveItems(handler: string): object {
  return oneGroupOf([{ name: "each", handler, input: "{{ n }}", expansion: { array: { n: "[1, 2, 3, 4, 5]" }, failFast: false } }]);
}

test("tasks come as offers, at most `max` of them without an outcome", async () => {
  const worker = new RemoteWorker(server, "pushed", ["pushed_handler"]);
  const { offers, close } = subscribe(worker, 2);
  const id = await submit(server, fiveItems("pushed_handler"));
  await waitFor(() => offers.length === 2, { what: "two offers" });
  // What else is ready is there for others, so it was not held for this worker.
  expect((await workflowOf(server, id)).counts).toMatchObject({ running: 2, ready: 3 });
  for (let done = 0; done < 5; done++) {
    await waitFor(() => offers.length > done, { what: `offer ${done + 1}` });
    expect(offers.length - done).toBeLessThanOrEqual(2);
    const { claim, input } = offers[done] as Claimed;
    if (done === 1) await worker.fail(claim, { retryable: false });
    else await worker.complete([claim, input]);
  }
  close();
  const { status, tasks } = await ended(server, id);
  expect(status).toBe("FAILED");
  expect(offers.map(({ task }) => task).sort()).toEqual([0, 1, 2, 3, 4].map((i) => `g.each[${i}]`));
  expect(tasks.nodes[0].items.nodes.map((item: { status: string }) => item.status)).toEqual(["COMPLETED", "FAILED", "COMPLETED", "COMPLETED", "COMPLETED"]);
});

test("closing the subscription hands back what has no outcome, at once", async () => {
  const worker = new RemoteWorker(server, "leaving", ["leaving_handler"]);
  const { offers, close } = subscribe(worker, 3);
  const id = await submit(server, fiveItems("leaving_handler"));
  await waitFor(() => offers.length === 3, { what: "three offers" });
  const [first] = offers as [Claimed];
  await worker.complete([first.claim, first.input]);
  close();
  const heir = new RemoteWorker(server, "heir", worker.handlers);
  const rest = await heir.claimAll(4);
  await heir.complete(...rest.map(({ claim, input }): [string, unknown] => [claim, input]));
  expect((await ended(server, id)).context).toEqual({ each: [1, 2, 3, 4, 5] });
});

test("a socket that breaks hands back too", async () => {
  const other = connect(server);
  const worker = new RemoteWorker(server, "broken", ["broken_handler"]);
  const { offers } = subscribe(worker, 1, other);
  await submit(server, oneGroupOf([{ name: "a", handler: "broken_handler" }]));
  await waitFor(() => offers.length === 1, { what: "the offer" });
  other.terminate();
  expect(await new RemoteWorker(server, "heir", worker.handlers).next()).toMatchObject({ task: "g.a", attempt: 1 });
  await other.dispose();
});

test("an input that cannot be ends the subscription with its problem", async () => {
  await expect(collect(client, OFFERS, { input: { workerId: "a b", handlers: ["h"] } })).rejects.toThrow(SubscriptionErrors);
});
