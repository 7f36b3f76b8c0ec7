/** The package's client against a real server: what programs do with workflows, through cut connections. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { ClientError } from "../../src/client/ClientError.js";
import { createClient, type FanwireClient, type WorkflowEvent } from "../../src/client/FanwireClient.js";
import type { TaskInput, WorkflowDefinitionInput } from "../../src/client/generated/graphql.js";
import { startCuttingProxy } from "../clients/cuttingProxy.js";
import { startTestServer } from "../support/testServer.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
let client: FanwireClient;
beforeAll(async () => {
  server = await startTestServer();
  client = createClient({ url: server.url });
});
afterAll(() => server?.stop());

const definition = (...tasks: TaskInput[]): WorkflowDefinitionInput => ({ name: "clients", groups: [{ name: "g", tasks }] });
const wide = (count: number): WorkflowDefinitionInput => definition({ name: "each", handler: "transform", expansion: { custom: { expander: "range", args: { from: 1, to: count } } }, input: { data: "{{ n }}", expression: "$ * 2" } });

async function all(events: AsyncIterable<WorkflowEvent>): Promise<WorkflowEvent[]> {
  const seen: WorkflowEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}
const seqs = (events: readonly WorkflowEvent[]): number[] => events.map(({ seq }) => seq);
const counted = (events: readonly WorkflowEvent[]): number[] => events.map((_, i) => i + 1);

describe("a workflow", () => {
  test("is submitted, watched to its end, and read", async () => {
    const { id, duplicate } = await client.submit({ definition: wide(3), context: {}, idempotencyKey: "one" });
    const events = await all(client.watch(id));
    expect(duplicate).toBe(false);
    expect(seqs(events)).toEqual(counted(events));
    expect(events.at(-1)).toMatchObject({ __typename: "WorkflowStatusEvent", type: "WORKFLOW_COMPLETED", status: "COMPLETED" });
    expect(events.flatMap((event) => (event.__typename === "TaskEvent" && event.type === "TASK_COMPLETED" ? [event.result] : []))).toEqual([2, 4, 6, [2, 4, 6]]);
    expect(await client.workflow(id, ["each"])).toMatchObject({ status: "COMPLETED", percent: 100, context: { each: [2, 4, 6] } });
    expect(await client.ended(id)).toMatchObject({ status: "COMPLETED", counts: { total: 3, completed: 3 } });
    expect(await client.submit({ definition: wide(3), context: {}, idempotencyKey: "one" })).toMatchObject({ id, duplicate: true });
  });

  test("is given context, answered, paused, cancelled, retried and run again", async () => {
    const { id } = await client.submit({ definition: { ...definition({ name: "asked", handler: "approval" }, { name: "told", handler: "log", input: "{{ later }}" }), externalKeys: ["later"] } });
    expect((await client.pause(id)).status).toBe("PAUSED");
    expect((await client.resume(id)).id).toBe(id);
    await client.provide(id, { later: 1 });
    for await (const event of client.watch(id)) if (event.type === "TASK_WAITING") break;
    await client.signal({ workflowId: id, task: "g.asked", payload: { by: "me" } });
    expect(await client.ended(id)).toMatchObject({ status: "COMPLETED", context: { asked: { outcome: "APPROVE", payload: { by: "me" } }, later: 1 } });

    const { id: slow } = await client.submit({ definition: definition({ name: "t", handler: "delay", input: { duration: "1h" } }) });
    expect((await client.cancel(slow, "enough")).status).toBe("CANCELLED");
    expect((await client.ended(slow)).status).toBe("CANCELLED");
    expect((await client.retry(slow)).status).toBe("RUNNING");
    const { id: again } = await client.rerun(slow);
    expect(again).not.toBe(slow);
    await Promise.all([client.cancel(slow), client.cancel(again)]);
  });

  test("that is not accepted is an error with every problem; a plan tells them as data", async () => {
    const bad = definition({ name: "a", handler: "trnsform" }, { name: "b", handler: "log", input: "{{ nowhere }}" });
    const error = await client.submit({ definition: bad }).catch((caught: unknown) => caught as ClientError);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ kind: "REFUSED", code: "UNKNOWN_HANDLER", problems: [{ path: "groups[0].tasks[0].handler" }, { code: "UNKNOWN_KEY" }] });
    expect(await client.plan(bad)).toMatchObject({ valid: false, problems: [{ code: "UNKNOWN_HANDLER" }, { code: "UNKNOWN_KEY" }] });
    expect(await client.workflow("s0-01AAAAAAAAAAAAAAAAAAAAAAAA")).toBeUndefined();
    await expect(all(client.watch("s0-01AAAAAAAAAAAAAAAAAAAAAAAA"))).rejects.toMatchObject({ kind: "REFUSED", code: "NOT_FOUND" });
    await expect(client.cancel("s0-01AAAAAAAAAAAAAAAAAAAAAAAA")).rejects.toMatchObject({ kind: "REFUSED", code: "NOT_FOUND" });
  });
});

describe("watching", () => {
  test("tells every event once and in order while its connection is cut three times", async () => {
    const proxy = await startCuttingProxy(server.url, [15_000, 1_000, 30_000]);
    let reconnects = 0;
    const { id } = await client.submit({ definition: wide(300) });
    const events = await all(createClient({ url: proxy.url }).watch(id, { onReconnect: () => { reconnects += 1; } }));
    await proxy.stop();
    expect({ cuts: proxy.cuts(), reconnects }).toEqual({ cuts: 3, reconnects: 3 });
    expect(seqs(events)).toEqual(counted(events));
    expect(events.at(-1)?.type).toBe("WORKFLOW_COMPLETED");
  });

  test("slowly holds little: the log is left, and gone on with where the reader is", async () => {
    const { id } = await client.submit({ definition: wide(5_000) });
    await client.ended(id);
    const watch = client.watch(id);
    const first = await watch.next();
    // Whatever comes by itself has come when two requests behind it were answered.
    for (let i = 0; i < 2; i++) await client.workflow(id, []);
    const events = [first.value as WorkflowEvent, ...await all(watch)];
    expect(events.length).toBeGreaterThan(10_000);
    expect(seqs(events)).toEqual(counted(events));
  });

  test("goes on behind a cursor, sees only the types asked for, and ends when it is left or told to", async () => {
    const { id } = await client.submit({ definition: definition({ name: "t", handler: "delay", input: { duration: "1h" } }) });
    let cursor = "";
    for await (const event of client.watch(id)) {
      cursor = event.cursor;
      if (event.type === "TASK_WAITING") break;
    }
    const stop = new AbortController();
    const rest = all(client.watch(id, { after: cursor, signal: stop.signal, types: ["WORKFLOW_CANCELLED"] }));
    await client.cancel(id);
    expect((await rest).map(({ type }) => type)).toEqual(["WORKFLOW_CANCELLED"]);
    stop.abort();
    expect(await all(client.watch(id, { signal: stop.signal }))).toEqual([]);
    await expect(client.ended(id, { signal: stop.signal })).rejects.toThrow("abort");
  });
});

describe("a server", () => {
  test("that is not there, or no URL, is told so", async () => {
    await expect(createClient({ url: "http://127.0.0.1:9" }).workflow("x")).rejects.toMatchObject({ kind: "UNREACHABLE", refused: true });
    expect(() => createClient({ url: "localhost:4000" })).toThrow("not a URL of a server");
  });

  test("gets the token with every request and connection", async () => {
    const seen: unknown[] = [];
    const http = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{"data":{"workflow":null}}');
    });
    const sockets = new WebSocketServer({ server: http, handleProtocols: () => "graphql-transport-ws" });
    sockets.on("connection", (socket) => socket.on("message", (message) => {
      seen.push((JSON.parse(String(message)) as { payload?: unknown }).payload);
      socket.close(4403, "Forbidden");
    }));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const guarded = createClient({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, token: () => Promise.resolve("t0p") });
    expect(await guarded.workflow("x")).toBeUndefined();
    await expect(all(guarded.watch("x"))).rejects.toMatchObject({ kind: "REFUSED", message: expect.stringContaining("Forbidden") });
    expect(seen).toEqual(["Bearer t0p", { authorization: "Bearer t0p" }]);
    sockets.close();
    http.close();
  });
});
