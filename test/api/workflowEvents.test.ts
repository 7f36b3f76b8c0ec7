/** Subscriptions over WebSocket: complete, in order, resumable; errors reach the client and the socket lives on. */

import type { Client } from "graphql-ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { startTestServer } from "../support/testServer.js";
import type { Answer } from "./graphqlClient.js";
import { collect, connect, data, longDelay, submit, submitAndFinish, sumOfDoubles } from "./graphqlClient.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
let client: Client;

beforeAll(async () => {
  server = await startTestServer();
  client = connect(server);
});
afterAll(async () => {
  await client.dispose();
  await server.stop();
});

const EVENTS = `subscription($id: ID!, $after: Cursor, $types: [EventType!]) { workflowEvents(id: $id, after: $after, types: $types) {
  __typename seq type cursor at workflowId ... on TaskEvent { task item attempt itemCount } ... on WorkflowStatusEvent { status } ... on ContextEvent { keys } } }`;

async function events(variables: Record<string, unknown>, query = EVENTS): Promise<Answer[]> {
  return (await collect(client, query, variables)).map(({ workflowEvents }) => workflowEvents);
}

describe("workflowEvents", () => {
  test("a workflow is followed from its first event to its last, each once and in order", async () => {
    const id = await submit(server, sumOfDoubles([1, 2, 3]));
    const seen = await events({ id });
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1));
    expect(seen[0]).toMatchObject({ __typename: "WorkflowStatusEvent", type: "WORKFLOW_SUBMITTED", workflowId: id });
    expect(seen.at(-1)).toMatchObject({ __typename: "WorkflowStatusEvent", type: "WORKFLOW_COMPLETED", status: "COMPLETED" });
    expect(seen).toContainEqual(expect.objectContaining({ __typename: "TaskEvent", type: "TASK_EXPANDED", task: "work.doubles", itemCount: 3 }));
    expect(seen).toContainEqual(expect.objectContaining({ __typename: "ContextEvent", keys: ["total"] }));
  });

  test("resuming at any cursor gives exactly the rest", async () => {
    const id = await submitAndFinish(server, client, sumOfDoubles([1]));
    const all = await events({ id });
    for (const [index, { cursor }] of all.entries()) {
      if (index === all.length - 1) continue;
      expect(await events({ id, after: cursor })).toEqual(all.slice(index + 1));
    }
  });

  test("only the types asked for come, and it still completes", async () => {
    const id = await submitAndFinish(server, client, sumOfDoubles([1]));
    const seen = await events({ id, types: ["TASK_COMPLETED"] });
    expect(new Set(seen.map(({ type }) => type))).toEqual(new Set(["TASK_COMPLETED"]));
  });

  test("results come when they are selected, in a fragment too", async () => {
    const id = await submitAndFinish(server, client, sumOfDoubles([4]));
    const query = "subscription($id: ID!) { workflowEvents(id: $id, types: [TASK_COMPLETED]) { ...T } } fragment T on TaskEvent { task item result }";
    expect(await events({ id }, query)).toEqual(expect.arrayContaining([{ task: "work.total", item: null, result: 8 }]));
  });
});

describe("workflowProgress", () => {
  test("begins with a snapshot and ends with the terminal one", async () => {
    const id = await submit(server, sumOfDoubles([1, 2]));
    const seen = (await collect(client, 'subscription($id: ID!) { workflowProgress(id: $id, throttle: "10ms") { workflowId status percent counts { total completed } cursor at } }', { id }))
      .map(({ workflowProgress }) => workflowProgress);
    expect(seen[0]).toMatchObject({ workflowId: id });
    expect(seen.at(-1)).toMatchObject({ status: "COMPLETED", percent: 100, counts: { total: 3, completed: 3 } });
  });
});

describe("errors", () => {
  test.each([
    ["an unknown workflow", { id: "nope" }, "NOT_FOUND"],
    ["a made-up cursor", { after: "made up" }, "CURSOR_INVALID"],
  ])("%s is a GraphQL error with its code", async (_what, variables, code) => {
    const id = await submit(server, sumOfDoubles([1]));
    await expect(events({ id, ...variables })).rejects.toMatchObject({ errors: [{ extensions: { code } }] });
  });

  test("an error of one subscription leaves the others on the socket alone", async () => {
    const id = await submit(server, longDelay());
    const others = client.iterate<Answer>({ query: EVENTS, variables: { id } });
    await others.next();
    await expect(events({ id: "nope" })).rejects.toBeDefined();
    await data(server, "mutation($id: ID!) { cancelWorkflow(id: $id) { problems { code } } }", { id });
    const rest: string[] = [];
    for await (const { data: result } of others) rest.push(result.workflowEvents.type);
    expect(rest.at(-1)).toBe("WORKFLOW_CANCELLED");
  });

  test.each([
    ["syntax", "subscription {", "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", "subscription { nope }", "GRAPHQL_VALIDATION_FAILED"],
    ["a document of more than 100 KB", `{ serverInfo { version } } #${"x".repeat(101_000)}`, "LIMIT_EXCEEDED"],
    ["too deep a query", `{ workflow(id: "x") { ${"groups { ".repeat(20)} id ${"} ".repeat(20)} } }`, "LIMIT_EXCEEDED"],
    ["brackets without end", "{a".repeat(5_000), "LIMIT_EXCEEDED"],
  ])("the limits of HTTP hold here as well: %s", async (_what, query, code) => {
    await expect(collect(client, query, {})).rejects.toMatchObject({ errors: [{ extensions: { code } }] });
  });

  test("queries and mutations run over the socket too", async () => {
    expect(await collect(client, "{ serverInfo { kafka } }", {})).toEqual([{ serverInfo: { kafka: "off" } }]);
  });
});

/** The close code of a socket that does `act` once it is open, or the HTTP status that refused it. */
function fate(act: (socket: WebSocket) => void, options: { path?: string; protocol?: string; origin?: string } = {}): Promise<number> {
  const protocols = options.protocol === "" ? [] : [options.protocol ?? "graphql-transport-ws"];
  const socket = new WebSocket(new URL(options.path ?? "/graphql", server.wsUrl), protocols, options.origin ? { origin: options.origin } : {});
  return new Promise((resolve) => {
    socket.on("open", () => act(socket)).on("close", resolve).on("error", () => {});
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
  });
}

describe("the socket itself", () => {
  test("a page of another site is refused with 403, another path with 404", async () => {
    expect(await fate(() => {}, { origin: "https://evil.example" })).toBe(403);
    expect(await fate(() => {}, { path: "/other" })).toBe(404);
  });

  test("no protocol is closed with 4406, silence after the opening with 4408", async () => {
    const [none, silent] = await Promise.all([fate(() => {}, { protocol: "" }), fate(() => {})]);
    expect([none, silent]).toEqual([4406, 4408]);
  });

  test("a subscription before the handshake is closed with 4401, a message over 1 MiB with 1009, no JSON with 4400", async () => {
    const subscribe = JSON.stringify({ id: "1", type: "subscribe", payload: { query: "{ serverInfo { version } }" } });
    expect(await fate((socket) => socket.send(subscribe))).toBe(4401);
    expect(await fate((socket) => socket.send("x".repeat(1024 * 1024 + 1)))).toBe(1009);
    expect(await fate((socket) => socket.send("{"))).toBe(4400);
  });

  test("a server that stops says goodbye with 1001 and ends its subscriptions", async () => {
    const stopping = await startTestServer();
    const id = await submit(stopping, longDelay());
    const socket = new WebSocket(new URL("/graphql", stopping.wsUrl), "graphql-transport-ws");
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    socket.on("open", () => socket.send('{"type":"connection_init"}'));
    await new Promise<void>((resolve) => {
      socket.on("message", (message) => {
        const { type } = JSON.parse(String(message)) as { type: string };
        if (type === "connection_ack") socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: EVENTS, variables: { id } } }));
        if (type === "next") resolve();
      });
    });
    await stopping.stop();
    expect(await closed).toBe(1001);
    await expect(fetch(new URL("/healthz", stopping.url))).rejects.toThrow();
  });
});
