/** Workers that speak plain GraphQL: every task is run and recorded once, whatever happens to those who run it. */

import type { Client } from "graphql-ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import { waitFor } from "../support/waitFor.js";
import { collect, connect, data, request, submit } from "./graphqlClient.js";
import { ended, oneGroupOf, RemoteWorker, workflowOf } from "./remoteWorker.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
let client: Client;
let names = 0;

beforeAll(async () => {
  server = await startTestServer();
  client = connect(server);
});
afterAll(async () => {
  await client.dispose();
  await server.stop();
});

/** A handler that only this test's worker has. */
function newHandler(): string {
  return `remote_handler_${++names}`;
}
function newWorker(lease?: string): RemoteWorker {
  const handler = newHandler();
  return new RemoteWorker(server, `worker-${names}`, [handler], lease);
}
function handlerOf(worker: RemoteWorker): string {
  return worker.handlers[0] as string;
}

describe("a task", () => {
  test("is claimed with its templates resolved, completed, and its dependents go on", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([
      { name: "first", handler: handlerOf(worker), input: { text: "{{ word }}!", n: "{{ number }}" } },
      { name: "second", handler: "transform", input: { expression: "x & '?'", data: { x: "{{ first }}" } } },
    ], { context: { word: "go", number: 3 } }));
    const before = Date.now();
    const task = await worker.next();
    expect(task).toMatchObject({ handler: handlerOf(worker), input: { text: "go!", n: 3 }, workflowId: id, task: "g.first", attempt: 1, idempotencyKey: `${id}/g.first` });
    expect(Date.parse(task.leaseUntil) - before).toBeGreaterThan(25_000);
    expect(await worker.complete([task.claim, "done"])).toEqual({ accepted: [task.claim], stale: [], problems: [] });
    expect(await ended(server, id)).toMatchObject({ status: "COMPLETED", context: { first: "done", second: "done?" } });
    expect((await workflowOf(server, id)).tasks.nodes[0].attempts).toMatchObject([{ number: 1, worker: worker.id }]);
  });

  test("completed again is accepted again, and recorded once", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }]));
    const { claim } = await worker.next();
    await worker.complete([claim, 1]);
    expect(await worker.complete([claim, 2])).toMatchObject({ accepted: [claim], stale: [] });
    expect((await ended(server, id)).context).toEqual({ a: 1 });
  });

  test("whose result does not fit its schema fails for good, and the worker is told", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker), resultSchema: { type: "string" }, retry: {} }]));
    const { claim } = await worker.next();
    expect(await worker.complete([claim, 1])).toMatchObject({ accepted: [], problems: [{ code: "RESULT_INVALID", path: "results[0].result" }] });
    expect((await ended(server, id)).status).toBe("FAILED");
    expect((await workflowOf(server, id)).tasks.nodes[0]).toMatchObject({ attempt: 1, error: { code: "RESULT_INVALID" } });
  });

  test("tells its watchers how far it is", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }]));
    const { claim } = await worker.next();
    expect(await worker.progress(claim, { percent: 140, message: "nearly", data: { token: "x" } }))
      .toEqual({ task: { name: "g.a", progress: { percent: 100, message: "nearly", data: { token: "x" } } }, problems: [] });
    await worker.progress(claim, { message: "again" });
    await worker.complete([claim, null]);
    const events = await collect(client, "subscription($id: ID!) { workflowEvents(id: $id, types: [TASK_PROGRESS]) { ... on TaskEvent { progress { percent message } } } }", { id });
    expect(events.map(({ workflowEvents }) => workflowEvents.progress)).toEqual([{ percent: 100, message: "nearly" }, { percent: null, message: "again" }]);
  });

  test("whose condition is not truthy never reaches a worker", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker), when: "go" }, { name: "b", handler: handlerOf(worker), after: ["a"] }], { context: { go: false } }));
    expect(await worker.next()).toMatchObject({ workflowId: id, task: "g.b" });
  });

  test("whose template fails fails, and no worker is asked", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker), input: "{{ $error('no') }}" }]));
    expect(await worker.claim()).toEqual([]);
    expect((await ended(server, id)).status).toBe("FAILED");
  });
});

describe("items", () => {
  test("come one by one, no more than asked for, and their results are collected in item order", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "each", handler: handlerOf(worker), input: "{{ n }}", expansion: { array: { n: "numbers" } } }], { context: { numbers: [1, 2, 3, 4, 5] } }));
    const two = await worker.claimAll(2);
    expect(two).toHaveLength(2);
    const all = [...two, ...(await worker.claimAll(3))];
    expect(all.map(({ task, input }) => [task, input])).toEqual([1, 2, 3, 4, 5].map((n, i) => [`g.each[${i}]`, n]));
    expect(new Set(all.map(({ claim }) => claim)).size).toBe(5);
    await worker.complete(...all.reverse().map(({ claim, input }): [string, unknown] => [claim, input * 10]));
    expect(await ended(server, id)).toMatchObject({ status: "COMPLETED", context: { each: [10, 20, 30, 40, 50] } });
  });

  test("of a handler that the server has too are shared with it item by item", async () => {
    const alone = await startTestServer({ config: { worker: false } });
    try {
      const worker = new RemoteWorker(alone, "logger", ["log"]);
      const id = await submit(alone, oneGroupOf([{ name: "each", handler: "log", input: "{{ n }}", expansion: { array: { n: "$map([1..250], function($v) { $v })" } } }]));
      const first = await worker.claimAll(1);
      expect(first.map(({ task }) => task)).toEqual(["g.each[0]"]);
      const rest = await worker.claimAll(249);
      expect(new Set([...first, ...rest].map(({ task }) => task)).size).toBe(250);
      await worker.complete(...[...first, ...rest].map(({ claim, input }): [string, unknown] => [claim, input]));
      expect((await ended(alone, id)).context.each).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
    } finally {
      await alone.stop();
    }
  });

  test("that fail are tried again alone", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "each", handler: handlerOf(worker), input: "{{ n }}", retry: { maxAttempts: 2, initialDelay: "10ms" }, expansion: { array: { n: "[1, 2]" } } }]));
    const [one, two] = await worker.claimAll(2);
    expect((await worker.fail(one?.claim as string, { code: "BUSY" })).problems).toEqual([]);
    await worker.complete([two?.claim as string, 2]);
    const again = await worker.next();
    expect(again).toMatchObject({ task: "g.each[0]", attempt: 2, input: 1 });
    await worker.complete([again.claim, 1]);
    expect((await ended(server, id)).context).toEqual({ each: [1, 2] });
  });
});

describe("a failure", () => {
  test("is retried by the task's policy, and the last one fails it with code, message and details", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker), retry: { maxAttempts: 2, initialDelay: "10ms" } }]));
    const first = await worker.next();
    expect(await worker.fail(first.claim, { code: "BUSY" })).toMatchObject({ task: { name: "g.a", attempt: 2 }, problems: [] });
    const second = await worker.next();
    expect(second).toMatchObject({ task: "g.a", attempt: 2, idempotencyKey: first.idempotencyKey });
    await worker.fail(second.claim, { code: "STILL_BUSY", details: { load: 3 } });
    const { status, tasks } = await ended(server, id);
    expect(status).toBe("FAILED");
    expect(tasks.nodes[0]).toMatchObject({ error: { code: "STILL_BUSY", message: "it did not work", details: { load: 3 }, task: "g.a" }, attempts: [{ error: { code: "BUSY" } }, { error: { code: "STILL_BUSY" } }] });
  });

  test("that is not retryable is final", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker), retry: {} }]));
    expect(await worker.fail((await worker.next()).claim, { retryable: false })).toMatchObject({ task: { status: "FAILED", attempt: 1 } });
    expect((await ended(server, id)).status).toBe("FAILED");
  });

  test.each([
    ["lacks a field", { x: 1 }, "RESULT_INVALID"], ["is too large", { x: 1, y: "z".repeat(1_100_000) }, "RESULT_TOO_LARGE"],
  ])("is what a result becomes that %s, of a task and of an item", async (_what, result, code) => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([
      { name: "a", handler: handlerOf(worker), resultKeys: ["x", "y"] },
      { name: "b", handler: handlerOf(worker), resultKeys: ["p", "q"], expansion: { array: { n: "[1]" } } },
    ]));
    const { x, y } = result as { x: number; y?: string };
    const tasks = await worker.claimAll(2);
    const sent = await worker.complete(...tasks.map(({ claim, task }): [string, unknown] => [claim, task === "g.a" ? result : { p: x, q: y }]));
    expect(sent).toMatchObject({ accepted: [], stale: [], problems: [{ code, path: "results[0].result" }, { code, path: "results[1].result" }] });
    const { status, tasks: { nodes } } = await ended(server, id);
    expect(status).toBe("FAILED");
    expect(nodes[0].error).toMatchObject({ code });
    expect(nodes[1].error.details).toMatchObject({ code, task: "g.b[0]" });
  });
});

describe("a claim", () => {
  test("that was lost to another worker is stale in every way, and changes nothing", async () => {
    const worker = newWorker("1s");
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }]));
    const lost = await worker.next();
    const heir = new RemoteWorker(server, "heir", worker.handlers);
    const taken = await heir.next();
    expect(taken).toMatchObject({ workflowId: id, task: "g.a", attempt: 1 });
    expect(await worker.complete([lost.claim, "late"])).toEqual({ accepted: [], stale: [lost.claim], problems: [] });
    expect((await worker.fail(lost.claim)).problems).toEqual([{ code: "CLAIM_LOST", path: "claim" }]);
    expect((await worker.progress(lost.claim, { percent: 1 })).problems).toEqual([{ code: "CLAIM_LOST", path: "claim" }]);
    expect(await worker.heartbeat(lost.claim, taken.claim)).toEqual([lost.claim, taken.claim]);
    expect(await heir.heartbeat(taken.claim)).toEqual([]);
    expect((await workflowOf(server, id)).tasks.nodes[0]).toMatchObject({ status: "RUNNING", attempt: 1, error: null });
    await heir.complete([taken.claim, "in time"]);
    expect((await ended(server, id)).context).toEqual({ a: "in time" });
  });

  test("is kept by its own heartbeats, and by nobody else's", async () => {
    const worker = newWorker("1s");
    await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }, { name: "b", handler: handlerOf(worker) }]));
    const [kept, left] = (await worker.claimAll(2)).map(({ claim }) => claim) as [string, string];
    const heir = new RemoteWorker(server, "heir", worker.handlers);
    const taken = await waitFor(async () => {
      expect(await worker.heartbeat(kept)).toEqual([]);
      return (await heir.claim())[0];
    }, { what: "the other claim to be taken over", intervalMs: 200 });
    expect(await worker.heartbeat(kept, left)).toEqual([left]);
    expect(await worker.complete([kept, 1], [left, 2])).toMatchObject({ accepted: [kept], stale: [left] });
    expect(await heir.complete([taken.claim, 3])).toMatchObject({ accepted: [taken.claim] });
  });

  test("that is handed back is ready at once, for the same attempt, and no longer the worker's", async () => {
    const worker = newWorker("1h");
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }, { name: "each", handler: handlerOf(worker), expansion: { array: { n: "[1, 2]" } } }]));
    const claims = (await worker.claimAll(3)).map(({ claim }) => claim);
    const handBack = async (given: string[]): Promise<unknown> => (await data(server, "mutation($input: HandBackTasksInput!) { handBackTasks(input: $input) { problems { code path } } }", { input: { claims: given } })).handBackTasks;
    expect(await handBack([...claims, "nonsense"])).toEqual({ problems: [{ code: "CLAIM_INVALID", path: "claims[3]" }] });
    const again = await worker.claimAll(3);
    expect(again.map(({ task, attempt }) => `${task} ${attempt}`).sort()).toEqual(["g.a 1", "g.each[0] 1", "g.each[1] 1"]);
    expect(await handBack(claims)).toEqual({ problems: [] });
    expect(await worker.complete(...claims.map((claim): [string, unknown] => [claim, "old"]))).toMatchObject({ accepted: [], stale: claims });
    expect(await worker.complete(...again.map(({ claim }): [string, unknown] => [claim, "new"]))).toMatchObject({ stale: [] });
    expect((await ended(server, id)).context).toEqual({ a: "new", each: ["new", "new"] });
  });

  test("of a cancelled workflow is lost", async () => {
    const worker = newWorker();
    const id = await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }]));
    const { claim } = await worker.next();
    await data(server, "mutation($id: ID!) { cancelWorkflow(id: $id) { problems { code } } }", { id });
    expect(await worker.heartbeat(claim)).toEqual([claim]);
    expect(await worker.complete([claim, 1])).toMatchObject({ accepted: [], stale: [claim] });
  });

  test("of a worker that was killed is run by another: nothing is lost", async () => {
    const worker = newWorker("1s");
    const id = await submit(server, oneGroupOf([{ name: "each", handler: handlerOf(worker), input: "{{ n }}", expansion: { array: { n: "[1, 2, 3, 4]" } } }]));
    const [done] = await worker.claimAll(3);
    await worker.complete([done?.claim as string, done?.input]);
    const heir = new RemoteWorker(server, "heir", worker.handlers);
    for (const { claim, input } of await heir.claimAll(3)) await heir.complete([claim, input]);
    expect((await ended(server, id)).context).toEqual({ each: [1, 2, 3, 4] });
  });

  test.each([["nonsense", () => "nonsense"], ["cut short", (claim: string) => claim.slice(0, -4)], ["changed", (claim: string) => `A${claim.slice(1)}`], ["empty", () => ""]])(
    "that no server gave out is a problem, never a crash: %s", async (_what, spoil) => {
      const worker = newWorker();
      await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }]));
      const { claim } = await worker.next();
      const spoilt = spoil(claim);
      expect(await worker.complete([spoilt, 1], [claim, 2])).toMatchObject({ accepted: [claim], stale: [], problems: [{ code: "CLAIM_INVALID", path: "results[0].claim" }] });
      expect((await worker.fail(spoilt)).problems).toEqual([{ code: "CLAIM_INVALID", path: "claim" }]);
      expect((await worker.progress(spoilt, {})).problems).toEqual([{ code: "CLAIM_INVALID", path: "claim" }]);
      expect(await worker.heartbeat(spoilt)).toEqual([spoilt]);
    });

  test("completed with the key __proto__ is a problem, and stays the worker's", async () => {
    const worker = newWorker();
    await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }]));
    const { claim } = await worker.next();
    expect(await worker.complete([claim, JSON.parse('{"__proto__": 1}')])).toMatchObject({ accepted: [], problems: [{ code: "FORBIDDEN_KEY" }] });
    expect(await worker.complete([claim, {}])).toMatchObject({ accepted: [claim] });
  });
});

describe("a worker that waits", () => {
  test("gets a task within a moment of its coming", async () => {
    const worker = newWorker();
    const waiting = worker.claim({ wait: "30s" });
    await waitFor(async () => (await data(server, "{ workers { id } }")).workers.some(({ id }: { id: string }) => id === worker.id), { what: "the worker to be known" });
    const before = Date.now();
    await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }]));
    expect(await waiting).toHaveLength(1);
    expect(Date.now() - before).toBeLessThan(1_500);
  });

  test("and goes away leaves the task to others", async () => {
    const worker = newWorker();
    const gone = new AbortController();
    const query = "mutation($input: ClaimTasksInput!) { claimTasks(input: $input) { tasks { claim } } }";
    const polling = fetch(server.httpUrl, {
      method: "POST", headers: { "content-type": "application/json" }, signal: gone.signal,
      body: JSON.stringify({ query, variables: { input: { workerId: "gone", handlers: worker.handlers, wait: "60s" } } }),
    }).catch(() => "gone");
    await waitFor(async () => (await data(server, "{ workers { id } }")).workers.some(({ id }: { id: string }) => id === "gone"), { what: "the worker to wait" });
    gone.abort();
    expect(await polling).toBe("gone");
    await submit(server, oneGroupOf([{ name: "a", handler: handlerOf(worker) }]));
    expect(await worker.claim({ wait: "10s" })).toHaveLength(1);
  });

  test("is answered when the server stops", async () => {
    const other = await startTestServer();
    const worker = new RemoteWorker(other, "patient", [newHandler()]);
    const waiting = worker.claim({ wait: "60s" });
    await waitFor(async () => (await data(other, "{ workers { id } }")).workers.some(({ id }: { id: string }) => id === worker.id), { what: "the worker to wait" });
    const before = Date.now();
    await other.stop();
    expect(await waiting).toEqual([]);
    expect(Date.now() - before).toBeLessThan(4_000);
  });

  test("with an input that cannot be is told every problem", async () => {
    const answer = await request(server, 'mutation { claimTasks(input: {workerId: "a b", handlers: ["$plan"], queues: ["other", "@"], max: 0}) { tasks { claim } problems { path } } }');
    expect(answer.data.claimTasks).toEqual({ tasks: [], problems: [{ path: "workerId" }, { path: "handlers[0]" }, { path: "max" }, { path: "queues[1]" }] });
  });
});
