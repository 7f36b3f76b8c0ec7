/** Server-sent events on /graphql/stream: graphql-sse's distinct connections mode, with the same results, rights and limits as elsewhere. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import type { Answer } from "./graphqlClient.js";
import { collect, connect, data, longDelay, submit, sumOfDoubles } from "./graphqlClient.js";
import { streamMessages } from "./streamTalk.js";

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => { server = await startTestServer(); });
afterAll(() => server.stop());

const EVENTS = "subscription($id: ID!, $after: Cursor) { workflowEvents(id: $id, after: $after) { seq type cursor } }";

interface Message {
  event: string;
  data: Answer;
}

function ask(operation: object | string, init: RequestInit = {}): Promise<Response> {
  const body = typeof operation === "string" ? operation : JSON.stringify(operation);
  const headers = { accept: "text/event-stream", "content-type": "application/json", ...(init.headers as Record<string, string> | undefined) };
  return fetch(new URL("/graphql/stream", server.url), { method: "POST", body, ...init, headers });
}

function get(query: string, variables: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  const url = new URL("/graphql/stream", server.url);
  url.searchParams.set("query", query);
  url.searchParams.set("variables", JSON.stringify(variables));
  return fetch(url, { headers: { accept: "text/event-stream", ...headers } });
}

function messages(response: Response): AsyncGenerator<Message> {
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  return streamMessages(response) as AsyncGenerator<Message>;
}

async function all(response: Response): Promise<Message[]> {
  const found: Message[] = [];
  for await (const message of messages(response)) found.push(message);
  return found;
}

describe("operations", () => {
  test.each(["POST", "GET"])("a subscription by %s gives what the socket gives, and completes", async (method) => {
    const id = await submit(server, sumOfDoubles([1, 2, 3]));
    const found = await all(await (method === "POST" ? ask({ query: EVENTS, variables: { id } }) : get(EVENTS, { id })));
    const client = connect(server);
    const overSocket = await collect(client, EVENTS, { id });
    await client.dispose();
    expect(found.at(-1)).toEqual({ event: "complete", data: undefined });
    expect(found.slice(0, -1)).toEqual(overSocket.map((result) => ({ event: "next", data: { data: result } })));
  });

  test("it resumes behind a cursor, and a Last-Event-ID does no harm", async () => {
    const id = await submit(server, longDelay());
    const seen: Answer[] = [];
    for await (const { data: result } of messages(await ask({ query: EVENTS, variables: { id } }))) {
      seen.push(result.data.workflowEvents);
      if (seen.length === 2) break;
    }
    await data(server, "mutation($id: ID!) { cancelWorkflow(id: $id) { problems { code } } }", { id });
    const rest = await all(await ask({ query: EVENTS, variables: { id, after: seen.at(-1).cursor } }, { headers: { "last-event-id": "7" } }));
    const seqs = rest.filter(({ event }) => event === "next").map(({ data: result }) => result.data.workflowEvents.seq);
    expect(seqs).toEqual(seqs.map((_, i) => i + 3));
    expect(rest.at(-2)?.data.data.workflowEvents.type).toBe("WORKFLOW_CANCELLED");
  });

  test("queries and mutations are answered once", async () => {
    expect(await all(await ask({ query: "{ serverInfo { kafka } }" }))).toEqual([{ event: "next", data: { data: { serverInfo: { kafka: "off" } } } }, { event: "complete", data: undefined }]);
    const [next] = await all(await ask({ query: "mutation A { cancelWorkflow(id: \"x\") { problems { code } } } query B { serverInfo { kafka } }", operationName: "A" }));
    expect(next?.data.data.cancelWorkflow.problems).toHaveLength(1);
  });

  test.each<[string, object, string]>([
    ["an unknown workflow", { query: EVENTS, variables: { id: "nope" } }, "NOT_FOUND"],
    ["a made-up cursor", { query: EVENTS, variables: { id: "", after: "made up" } }, "CURSOR_INVALID"],
    ["no GraphQL", { query: "subscription {" }, "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", { query: "subscription { nope }" }, "GRAPHQL_VALIDATION_FAILED"],
    ["a variable of the wrong type", { query: EVENTS, variables: { id: [] } }, "BAD_USER_INPUT"],
    ["too deep a query", { query: `{ workflow(id: "x") { ${"groups { ".repeat(20)} id ${"} ".repeat(20)} } }` }, "LIMIT_EXCEEDED"],
    ["no such operation", { query: "{ serverInfo { kafka } }", operationName: "other" }, "BAD_USER_INPUT"],
  ])("%s: a result with the error and its code, then the end", async (_what, operation, code) => {
    const id = await submit(server, sumOfDoubles([1]));
    const variables = (operation as { variables?: { id: unknown } }).variables;
    const found = await all(await ask({ ...operation, ...(variables ? { variables: { ...variables, ...(variables.id === "" ? { id } : {}) } } : {}) }));
    expect(found.map(({ event }) => event)).toEqual(["next", "complete"]);
    expect(found[0]?.data.errors[0].extensions.code).toBe(code);
  });
});

describe("what is refused before a stream begins", () => {
  test.each<[string, number, () => Promise<Response>]>([
    ["a client that does not accept a stream", 406, () => ask({ query: "{ serverInfo { kafka } }" }, { headers: { accept: "application/json" } })],
    ["a page of another origin", 403, () => get("{ serverInfo { kafka } }", {}, { origin: "https://evil.example" })],
    ["a mutation by GET", 405, () => get('mutation { cancelWorkflow(id: "x") { problems { code } } }')],
    ["another method", 405, () => ask({}, { method: "PATCH" })],
    ["a body that a form could send", 415, () => ask("query=x", { headers: { "content-type": "application/x-www-form-urlencoded" } })],
    ["no query", 400, () => ask({ variables: {} })],
    ["variables that are no object", 400, () => ask({ query: "{ serverInfo { kafka } }", variables: [] })],
    ["a body that is no JSON", 400, () => ask("{")],
  ])("%s: %i", async (_what, status, make) => {
    const response = await make();
    expect(response.status).toBe(status);
    expect(((await response.json()) as Answer).errors[0].extensions.code).toBeTruthy();
  });
});

test("a server that stops ends its streams without complete, so that clients connect again", async () => {
  const stopping = await startTestServer();
  const id = await submit(stopping, longDelay());
  const response = await fetch(new URL("/graphql/stream", stopping.url), {
    method: "POST", headers: { accept: "text/event-stream", "content-type": "application/json" }, body: JSON.stringify({ query: EVENTS, variables: { id } }),
  });
  const found: Message[] = [];
  let stopped: Promise<void> | undefined;
  for await (const message of messages(response)) {
    found.push(message);
    stopped ??= stopping.stop();
  }
  await stopped;
  expect(found.every(({ event }) => event === "next")).toBe(true);
});
