/** Server-sent events in graphql-sse's single connection mode: several operations over one stream, with the same results, rights and limits as elsewhere. */

import { createClient } from "graphql-sse";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/testServer.js";
import { testPrefix } from "../support/testNode.js";
import { waitFor } from "../support/waitFor.js";
import type { Answer } from "./graphqlClient.js";
import { collect, connect, data, longDelay, submit, sumOfDoubles } from "./graphqlClient.js";
import { ask, EVENTS, reserve, StreamTalk, TOKEN } from "./streamTalk.js";

let server: TestServer;
beforeAll(async () => { server = await startTestServer(); });
afterAll(() => server.stop());

const VERSION = "{ serverInfo { kafka } }";
const cancel = (id: string): Promise<unknown> => data(server, "mutation($id: ID!) { cancelWorkflow(id: $id) { problems { code } } }", { id });

describe("operations of one stream", () => {
  test("each gives what a socket gives, then completes, and its id is free again", async () => {
    const ids = await Promise.all([submit(server, sumOfDoubles([1, 2, 3])), submit(server, sumOfDoubles([4]))]);
    const client = connect(server);
    const overSocket = await Promise.all(ids.map((id) => collect(client, EVENTS, { id })));
    await client.dispose();
    const talk = await StreamTalk.open(server.url);
    for (const [i, id] of ids.entries()) {
      const response = await talk.operate(`op ${i}`, EVENTS, { id });
      expect([response.status, await response.text()]).toEqual([202, ""]);
    }
    for (const [i, results] of overSocket.entries()) expect(await talk.results(`op ${i}`)).toEqual(results.map((result) => ({ data: result })));
    await talk.operate("op 0", VERSION);
    await waitFor(() => talk.of("op 0").filter(({ event }) => event === "complete").length === 2);
    expect(talk.of("op 0").at(-2)?.data.payload).toEqual({ data: { serverInfo: { kafka: "off" } } });
    talk.close();
  });

  test("stopping one ends it alone, and stopping it twice does no harm", async () => {
    const ids = await Promise.all([submit(server, longDelay()), submit(server, longDelay())]);
    const talk = await StreamTalk.open(server.url);
    await Promise.all(ids.map((id, i) => talk.operate(String(i), EVENTS, { id })));
    await waitFor(() => talk.of("0").length > 0 && talk.of("1").length > 0, { what: "events of both" });
    expect([(await talk.stop("0")).status, (await talk.stop("0")).status]).toEqual([200, 200]);
    await talk.results("0");
    const seen = talk.of("0").length;
    await Promise.all(ids.map(cancel));
    expect((await talk.results("1")).at(-1).data.workflowEvents.type).toBe("WORKFLOW_CANCELLED");
    expect(talk.of("0").length).toBe(seen);
    talk.close();
  });

  test("those that come before the stream is opened run once it is; EventSource's way with the token in the address", async () => {
    const id = await submit(server, sumOfDoubles([1]));
    const token = await reserve(server.url);
    const talk = new StreamTalk(server.url, token);
    expect((await talk.operate("early", EVENTS, { id })).status).toBe(202);
    expect((await talk.operate("stopped", EVENTS, { id })).status).toBe(202);
    await talk.stop("stopped");
    const response = await ask(server.url, "GET", { search: `?token=${token}`, headers: { accept: "text/event-stream" } });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    let text = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (text.includes("event: complete")) break;
    }
    expect(text).toContain("WORKFLOW_COMPLETED");
    expect(text).not.toContain("stopped");
  });

  test.each<[string, object, string]>([
    ["an unknown workflow", { id: "nope" }, "NOT_FOUND"],
    ["a variable of the wrong type", { id: [] }, "BAD_USER_INPUT"],
  ])("%s is a result on the stream, with its code", async (_what, variables, code) => {
    const talk = await StreamTalk.open(server.url);
    expect((await talk.operate("it", EVENTS, variables)).status).toBe(202);
    const results = await talk.results("it");
    expect(results.map(({ errors }) => errors[0].extensions.code)).toEqual([code]);
    talk.close();
  });

  test("mutations and queries by GET and POST", async () => {
    const talk = await StreamTalk.open(server.url);
    await talk.operate("m", 'mutation { cancelWorkflow(id: "x") { problems { code } } }');
    expect((await talk.results("m"))[0].data.cancelWorkflow.problems).toHaveLength(1);
    const search = new URLSearchParams({ query: VERSION, extensions: JSON.stringify({ operationId: "g" }) });
    expect((await ask(server.url, "GET", { token: talk.token, search: `?${search}` })).status).toBe(202);
    expect(await talk.results("g")).toEqual([{ data: { serverInfo: { kafka: "off" } } }]);
    talk.close();
  });
});

describe("what is refused", () => {
  const operation = (more: object = {}, id: unknown = "new"): object => ({ query: VERSION, extensions: { operationId: id }, ...more });
  let talk: StreamTalk;
  let id: string;
  beforeAll(async () => {
    talk = await StreamTalk.open(server.url);
    id = await submit(server, longDelay());
    await talk.operate("runs", EVENTS, { id });
    await waitFor(() => talk.of("runs").length > 0);
  });
  afterAll(async () => {
    talk.close();
    await cancel(id);
  });

  const stream = { headers: { accept: "text/event-stream" } };
  test.each<[string, number, string, (token: string) => Promise<Response>]>([
    ["a stream under an unknown token", 404, "NOT_FOUND", () => ask(server.url, "GET", { token: "nope", ...stream })],
    ["an operation under an unknown token", 404, "NOT_FOUND", () => ask(server.url, "POST", { token: "nope", body: operation() })],
    ["a stop under an unknown token", 404, "NOT_FOUND", () => ask(server.url, "DELETE", { token: "nope", search: "?operationId=runs" })],
    ["a stop without a token", 404, "NOT_FOUND", () => ask(server.url, "DELETE", { search: "?operationId=runs" })],
    ["a second stream under one token", 409, "BAD_REQUEST", (token) => ask(server.url, "GET", { token, ...stream })],
    ["an operation under an id that runs", 409, "BAD_REQUEST", (token) => ask(server.url, "POST", { token, body: operation({}, "runs") })],
    ["an operation without an id", 400, "BAD_REQUEST", (token) => ask(server.url, "POST", { token, body: operation({ extensions: {} }) })],
    ["an id that is no text", 400, "BAD_REQUEST", (token) => ask(server.url, "POST", { token, body: operation({}, 7) })],
    ["an id that is too long", 400, "BAD_REQUEST", (token) => ask(server.url, "POST", { token, body: operation({}, "x".repeat(257)) })],
    ["a stop without an id", 400, "BAD_REQUEST", (token) => ask(server.url, "DELETE", { token })],
    ["no GraphQL", 400, "GRAPHQL_PARSE_FAILED", (token) => ask(server.url, "POST", { token, body: operation({ query: "{" }) })],
    ["an unknown field", 400, "GRAPHQL_VALIDATION_FAILED", (token) => ask(server.url, "POST", { token, body: operation({ query: "{ nope }" }) })],
    ["too deep a query", 400, "LIMIT_EXCEEDED", (token) => ask(server.url, "POST", { token, body: operation({ query: `{ workflow(id: "x") { ${"groups { ".repeat(20)} id ${"} ".repeat(20)} } }` }) })],
    ["no such operation", 400, "BAD_USER_INPUT", (token) => ask(server.url, "POST", { token, body: operation({ operationName: "other" }) })],
    ["a mutation by GET", 405, "BAD_REQUEST", (token) => ask(server.url, "GET", { token, search: `?${new URLSearchParams({ query: 'mutation { cancelWorkflow(id: "x") { problems { code } } }', extensions: '{"operationId":"new"}' })}` })],
    ["another method", 405, "BAD_REQUEST", (token) => ask(server.url, "PATCH", { token })],
    ["a message over 1 MiB", 413, "LIMIT_EXCEEDED", (token) => ask(server.url, "POST", { token, body: operation({ variables: { x: "x".repeat(1024 * 1024) } }) })],
    ["a body that a form could send", 415, "UNSUPPORTED_MEDIA_TYPE", (token) => ask(server.url, "POST", { token, body: "query=x", headers: { "content-type": "application/x-www-form-urlencoded" } })],
    ["a reservation by a page of another origin", 403, "BAD_REQUEST", () => ask(server.url, "PUT", { headers: { origin: "https://evil.example" } })],
    ["an operation by a page of another origin", 403, "BAD_REQUEST", (token) => ask(server.url, "POST", { token, body: operation(), headers: { origin: "https://evil.example" } })],
  ])("%s: %i", async (_what, status, code, make) => {
    const response = await make(talk.token);
    expect(response.status).toBe(status);
    expect(((await response.json()) as Answer).errors[0].extensions.code).toBe(code);
    expect(response.headers.get("allow")).toBe(status === 405 ? "GET, POST, PUT, DELETE" : null);
    expect(talk.of("new")).toEqual([]);
    expect(talk.ended).toBeUndefined();
  });

  test("more than 1,000 operations at once: 429, and the others go on", async () => {
    const full = await StreamTalk.open(server.url);
    const statuses = await Promise.all(Array.from({ length: 1_010 }, async (_, i) => (await full.operate(String(i), EVENTS, { id })).status));
    expect([statuses.filter((status) => status === 202).length, statuses.filter((status) => status === 429).length]).toEqual([1_000, 10]);
    await full.stop(String(statuses.indexOf(202)));
    expect((await full.operate("one more", VERSION)).status).toBe(202);
    expect(await full.results("one more")).toHaveLength(1);
    full.close();
  });
});

describe("clients of graphql-sse with singleConnection", () => {
  test("several subscriptions share one stream, and one that is dropped is stopped", async () => {
    const ids = await Promise.all([[1], [2, 3], [4, 5, 6]].map((numbers) => submit(server, sumOfDoubles(numbers))));
    const waiting = await submit(server, longDelay());
    const requests: string[] = [];
    const fetchFn = (url: string, init: RequestInit): Promise<Response> => {
      requests.push(init.method as string);
      return fetch(url, init);
    };
    const client = createClient({ url: `${server.url}/graphql/stream`, singleConnection: true, lazy: false, retryAttempts: 0, fetchFn });
    const follow = (id: string, onNext: (result: Answer) => void): { stop(): void; done: Promise<void> } => {
      let stop!: () => void;
      const done = new Promise<void>((complete, error) => { stop = client.subscribe({ query: EVENTS, variables: { id } }, { next: onNext, error, complete }); });
      return { stop, done };
    };
    let ofWaiting = 0;
    const kept = follow(waiting, () => { ofWaiting += 1; });
    const seqs = ids.map(() => [] as number[]);
    await Promise.all(ids.map((id, i) => follow(id, ({ data: { workflowEvents } }) => seqs[i]?.push(workflowEvents.seq)).done));
    for (const each of seqs) expect(each).toEqual(each.map((_, i) => i + 1));
    await waitFor(() => ofWaiting > 0);
    kept.stop();
    await waitFor(() => requests.includes("DELETE"));
    expect(requests.filter((method) => method === "PUT" || method === "GET")).toEqual(["PUT", "GET"]);
    client.dispose();
    await cancel(waiting);
  });

  test("a server that stops ends the stream without complete, and the client goes on at the next one", async () => {
    const keyPrefix = testPrefix();
    const first = await startTestServer({ config: { keyPrefix } });
    const id = await submit(first, longDelay());
    const client = createClient({ url: `${first.url}/graphql/stream`, singleConnection: true, retryAttempts: 1_000_000, retry: () => new Promise((resolve) => setImmediate(resolve)) });
    const types: string[] = [];
    const done = new Promise<void>((complete, error) => {
      client.subscribe({ query: EVENTS, variables: { id } }, { next: ({ data: result }) => types.push((result as Answer).workflowEvents.type), error, complete });
    });
    await waitFor(() => types.length > 2);
    await first.stop();
    const second = await startTestServer({ config: { keyPrefix, port: Number(new URL(first.url).port) } });
    await data(second, "mutation($id: ID!) { cancelWorkflow(id: $id) { problems { code } } }", { id });
    await done;
    expect(types.at(-1)).toBe("WORKFLOW_CANCELLED");
    client.dispose();
    await second.stop();
  });
});

test("a token is not guessable, and no answer with one may be kept", async () => {
  const response = await ask(server.url, "PUT", { headers: { [TOKEN]: "mine" } });
  const token = await response.text();
  expect(token).toMatch(/^[\w-]{32}$/);
  expect([response.status, response.headers.get("cache-control"), response.headers.get("content-type")]).toEqual([201, "no-store", "text/plain; charset=utf-8"]);
});
