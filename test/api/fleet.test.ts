/** Who works and what waits, as it is: workers come and go, handlers are served or not, queues count what they hold. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import { waitFor } from "../support/waitFor.js";
import { data, submit, type Answer } from "./graphqlClient.js";
import { ended, oneGroupOf, RemoteWorker, workflowOf } from "./remoteWorker.js";

let server: Awaited<ReturnType<typeof startTestServer>>;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server.stop();
});

const WORKERS = "{ workers { id handlers queues running capacity lastSeenAt } }";

async function workers(on = server): Promise<Answer[]> {
  return (await data(on, WORKERS)).workers;
}
async function queue(on = server): Promise<Answer> {
  const { queues } = await data(on, "{ queues { name ready running delayed oldestReadyAt } }");
  expect(queues).toHaveLength(1);
  return queues[0];
}
async function plan(handler: string): Promise<Answer> {
  const { definition } = oneGroupOf([{ name: "a", handler }]) as { definition: object };
  return (await data(server, "query($d: WorkflowDefinitionInput!) { planWorkflow(definition: $d) { valid problems { code hint } warnings { code path } } }", { d: definition })).planWorkflow;
}

test("the server's own worker is listed with its handlers", async () => {
  const [own] = await workers();
  expect(own).toMatchObject({ queues: ["default"], capacity: server.config.workerConcurrency });
  expect(own.handlers).toEqual(expect.arrayContaining(["http", "transform"]));
  expect(Date.now() - Date.parse(own.lastSeenAt)).toBeLessThan(15_000);
});

test("a remote worker is listed with what it runs, and its handlers among the handlers", async () => {
  const worker = new RemoteWorker(server, "far-away", ["far_handler"]);
  await submit(server, oneGroupOf([{ name: "a", handler: "far_handler" }, { name: "b", handler: "far_handler" }]));
  const [claim] = await worker.claimAll(2);
  const listed = async (): Promise<Answer> => (await workers()).find(({ id }) => id === "far-away");
  expect(await listed()).toMatchObject({ handlers: ["far_handler"], queues: ["default"], running: 2 });
  await worker.complete([claim?.claim as string, 1]);
  expect(await listed()).toMatchObject({ running: 1 });
  const { handlers } = await data(server, "{ handlers { name builtIn } }");
  expect(handlers).toContainEqual({ name: "far_handler", builtIn: false });
});

test("a worker that stops is no longer listed, and nothing is served by it", async () => {
  const other = await startTestServer({ config: { keyPrefix: server.config.keyPrefix } });
  expect(await workers()).toHaveLength((await workers(other)).length);
  const before = await workers();
  await other.stop();
  expect((await workers()).length).toBe(before.length - 1);
});

test("a handler that nobody has is accepted with a warning, until a worker serves it; a slip of the pen is a problem", async () => {
  expect(await plan("sometime_later")).toEqual({ valid: true, problems: [], warnings: [{ code: "NO_WORKER", path: "groups[0].tasks[0].handler" }] });
  await new RemoteWorker(server, "later", ["sometime_later", "htttp"]).claim();
  expect(await plan("sometime_later")).toEqual({ valid: true, problems: [], warnings: [] });
  expect(await plan("transfrom")).toMatchObject({ valid: false, problems: [{ code: "UNKNOWN_HANDLER", hint: "Did you mean transform?" }] });
  // A name that is served is meant, whatever it is like.
  expect(await plan("htttp")).toMatchObject({ valid: true, problems: [] });
  const nested = { name: "nested", groups: [{ name: "g", groups: [{ name: "inner", tasks: [{ name: "a", handler: "htttp" }] }] }] };
  const { planWorkflow } = await data(server, "query($d: WorkflowDefinitionInput!) { planWorkflow(definition: $d) { problems { code } warnings { code } } }", { d: nested });
  expect(planWorkflow).toEqual({ problems: [], warnings: [] });
  expect(await plan("no such name")).toMatchObject({ valid: false, problems: [{ code: "UNKNOWN_HANDLER" }] });
});

test("a ready task says whether a live worker serves its handler", async () => {
  const id = await submit(server, oneGroupOf([
    { name: "a", handler: "awaited_handler" }, { name: "each", handler: "awaited_handler", expansion: { array: { n: "[1, 2]" } } },
  ]));
  const reasons = async (): Promise<Answer[]> => (await workflowOf(server, id)).tasks.nodes.map(({ waitingFor }: Answer) => waitingFor);
  await waitFor(async () => (await workflowOf(server, id)).counts.ready === 3, { what: "the items to be ready" });
  const nobody = [{ kind: "WORKER", message: "no worker that is alive serves the handler awaited_handler" }];
  expect(await reasons()).toEqual([nobody, nobody]);
  const worker = new RemoteWorker(server, "comes", ["awaited_handler"]);
  const [first] = await worker.claimAll(1);
  expect(first?.task).toBe("g.a");
  expect(await reasons()).toEqual([[], [{ kind: "WORKER", message: "waits for a free worker with the handler awaited_handler" }]]);
});

test("the queue counts what is ready, runs and is delayed, from the first task to the last", async () => {
  const own = await startTestServer();
  try {
    expect(await queue(own)).toEqual({ name: "default", ready: 0, running: 0, delayed: 0, oldestReadyAt: null });
    const before = Date.now();
    const worker = new RemoteWorker(own, "counted", ["counted_handler"]);
    const id = await submit(own, oneGroupOf([
      { name: "each", handler: "counted_handler", input: "{{ n }}", retry: { initialDelay: "1h", jitter: false }, expansion: { array: { n: "[1, 2, 3, 4]" } } },
      { name: "pause", handler: "delay", input: { duration: "1h" } },
    ]));
    await waitFor(async () => (await queue(own)).ready === 4 && (await queue(own)).delayed === 1, { what: "the items and the delay to be counted" });
    expect(Date.parse((await queue(own)).oldestReadyAt)).toBeGreaterThanOrEqual(before - 1);
    const [one, two] = await worker.claimAll(3);
    expect(await queue(own)).toMatchObject({ ready: 1, running: 3, delayed: 1 });
    await worker.complete([one?.claim as string, 1]);
    await worker.fail(two?.claim as string);
    expect(await queue(own)).toMatchObject({ ready: 1, running: 1, delayed: 2 });
    await data(own, "mutation($id: ID!) { cancelWorkflow(id: $id) { problems { code } } }", { id });
    expect((await ended(own, id)).status).toBe("CANCELLED");
    expect(await queue(own)).toEqual({ name: "default", ready: 0, running: 0, delayed: 0, oldestReadyAt: null });
    expect((await workers(own)).find(({ id: name }) => name === "counted")).toMatchObject({ running: 0 });
  } finally {
    await own.stop();
  }
});
