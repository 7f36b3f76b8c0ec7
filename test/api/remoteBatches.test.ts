/** Batches of workers that speak plain GraphQL: one claim for the list, one outcome for each item. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import { waitFor } from "../support/waitFor.js";
import { data, submit } from "./graphqlClient.js";
import { ended, oneGroupOf, RemoteWorker } from "./remoteWorker.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
let names = 0;
beforeAll(async () => { server = await startTestServer(); });
afterAll(() => server.stop());

function newWorker(lease?: string): RemoteWorker {
  return new RemoteWorker(server, `batcher-${++names}`, [`batch_handler_${names}`], lease);
}
function start(worker: RemoteWorker, numbers: number[], more: object = {}, expansion: object = {}): Promise<string> {
  return submit(server, oneGroupOf([{
    name: "each", handler: worker.handlers[0], input: "{{ n }}", ...more, expansion: { array: { n: "numbers" }, batchSize: 3, ...expansion },
  }], { context: { numbers } }));
}
const retried = { retry: { maxAttempts: 2, initialDelay: "5ms", jitter: false } };

test("a claim is one batch: its input is the list, its task names the range, and the list of results completes it", async () => {
  const worker = newWorker();
  const id = await start(worker, [1, 2, 3, 4, 5]);
  const [first, second] = await worker.claimAll(2);
  expect([first, second]).toMatchObject([{ task: "g.each[0..2]", input: [1, 2, 3] }, { task: "g.each[3..4]", input: [4, 5] }]);
  expect(await worker.complete([second?.claim as string, [40, 50]], [first?.claim as string, [10, 20, 30]])).toMatchObject({ stale: [], problems: [] });
  expect(await ended(server, id)).toMatchObject({ status: "COMPLETED", context: { each: [10, 20, 30, 40, 50] } });
  expect(await worker.complete([first?.claim as string, [10, 20, 30]])).toMatchObject({ accepted: [first?.claim], stale: [] });
});

test("items whose templates fail are not in the list, and results go to the items they belong to", async () => {
  const worker = newWorker();
  const id = await start(worker, [1, 2, 3], { input: "{{ n = 2 ? $error('no') : n }}" }, { toleratedFailures: 1, onItemFailure: "NULL" });
  const batch = await worker.next();
  expect(batch.input).toEqual([1, 3]);
  await worker.complete([batch.claim, ["one", "three"]]);
  expect((await ended(server, id)).context.each).toEqual(["one", null, "three"]);
});

test("a slot that is an error fails its item, which comes again as a list of one", async () => {
  const worker = newWorker();
  const id = await start(worker, [1, 2, 3], retried);
  const batch = await worker.next();
  expect(await worker.complete([batch.claim, [1, { $error: { code: "BUSY", message: "later" } }, 3]])).toMatchObject({ accepted: [batch.claim], problems: [] });
  const again = await worker.next();
  expect(again).toMatchObject({ task: "g.each[1]", input: [2], attempt: 2 });
  await worker.complete([again.claim, [2]]);
  expect((await ended(server, id)).context.each).toEqual([1, 2, 3]);
});

test("a result that does not meet validate is a problem at its place, and the others are recorded", async () => {
  const worker = newWorker();
  const id = await start(worker, [1, 2, 3], { validate: "$result = n" }, { toleratedFailures: 1 });
  const batch = await worker.next();
  expect(await worker.complete([batch.claim, [1, 0, 3]])).toMatchObject({ accepted: [batch.claim], problems: [{ code: "RESULT_INVALID", path: "results[0].result[1]" }] });
  expect((await ended(server, id)).context.each).toEqual([1, 3]);
});

test("a list of another length fails all, and is a problem", async () => {
  const worker = newWorker();
  const id = await start(worker, [1, 2, 3], {}, { failFast: false });
  const batch = await worker.next();
  expect(await worker.complete([batch.claim, [1, 2]])).toMatchObject({ accepted: [], problems: [{ code: "RESULT_INVALID", path: "results[0].result" }] });
  expect((await ended(server, id)).tasks.nodes[0].items.nodes.map(({ status }: { status: string }) => status)).toEqual(["FAILED", "FAILED", "FAILED"]);
});

test("failTask fails every item of the batch, and each comes again alone", async () => {
  const worker = newWorker();
  const id = await start(worker, [1, 2], retried);
  const batch = await worker.next();
  expect((await worker.fail(batch.claim, { code: "BUSY" })).problems).toEqual([]);
  const again = await worker.claimAll(2);
  expect(again.map(({ input }) => input).sort()).toEqual([[1], [2]]);
  await worker.complete(...again.map(({ claim, input }): [string, unknown] => [claim, input]));
  expect((await ended(server, id)).context.each).toEqual([1, 2]);
});

test("of a batch whose worker is lost nothing is lost, and what the lost one says late is stale", async () => {
  const gone = newWorker("1s");
  const id = await start(gone, [1, 2, 3]);
  const lost = await gone.next();
  const other = new RemoteWorker(server, "takes-over", gone.handlers);
  const again = await other.next();
  expect(again).toMatchObject({ task: lost.task, input: lost.input, attempt: 1 });
  expect(await gone.complete([lost.claim, [0, 0, 0]])).toMatchObject({ accepted: [], stale: [lost.claim] });
  expect(await other.heartbeat(again.claim)).toEqual([]);
  expect((await other.progress(again.claim, { percent: 10 })).task).toMatchObject({ name: "g.each", progress: { percent: 10 } });
  await other.complete([again.claim, [1, 2, 3]]);
  expect((await ended(server, id)).context.each).toEqual([1, 2, 3]);
});

test("a batch that is offered and not taken is handed back whole", async () => {
  const worker = newWorker();
  const id = await start(worker, [1, 2, 3]);
  const offers = server.node.remoteWorkers.taskOffers({ tenant: "default" }, { workerId: worker.id, handlers: worker.handlers, max: 1, waitMs: 0, leaseMs: 30_000 });
  expect((await offers.next()).value).toMatchObject({ input: [1, 2, 3] });
  await offers.return?.();
  const batch = await worker.next();
  expect(batch.input).toEqual([1, 2, 3]);
  await worker.complete([batch.claim, [1, 2, 3]]);
  expect((await ended(server, id)).status).toBe("COMPLETED");
});

test("a thousand items of which every other is left out fit into one claim", async () => {
  const worker = newWorker();
  const id = await start(worker, Array.from({ length: 1_000 }, (_, i) => i), { input: "{{ n % 2 = 0 ? $error('no') : n }}" }, { batchSize: 1_000, toleratedFailures: 500 });
  const batch = await worker.next();
  expect(batch.input).toHaveLength(500);
  expect(await worker.complete([batch.claim, batch.input])).toMatchObject({ accepted: [batch.claim] });
  await waitFor(async () => (await data(server, "query($id: ID!) { workflow(id: $id) { status } }", { id })).workflow.status === "COMPLETED", { what: "the end" });
});
