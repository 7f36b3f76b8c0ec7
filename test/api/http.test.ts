/** The HTTP side: what is served where, what is refused and how. */

import { connect as connectTcp } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import { postRaw, request } from "./graphqlClient.js";

let server: Awaited<ReturnType<typeof startTestServer>>;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const get = (path: string, headers: Record<string, string> = {}) => fetch(new URL(path, server.url), { headers, redirect: "manual" });
const VERSION = JSON.stringify({ query: "{ serverInfo { version } }" });

describe("paths", () => {
  test("health and readiness answer as JSON", async () => {
    expect(await (await get("/healthz")).json()).toEqual({ status: "ok" });
    expect(await (await get("/readyz")).json()).toEqual({ ready: true });
  });

  test("the root, and the API's address opened in a browser, lead to the page", async () => {
    for (const response of [await get("/"), await get("/graphql", { accept: "text/html,application/xhtml+xml" })]) {
      expect([response.status, response.headers.get("location")]).toEqual([302, "/graphiql"]);
    }
  });

  test.each(["/nothing", "/graphiql/../../package.json", "/graphiql/%2e%2e/%2e%2e/package.json", "/graphiql/assets"])("%s is not there", async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  test("other methods than GET and HEAD are refused outside /graphql", async () => {
    const response = await fetch(new URL("/healthz", server.url), { method: "DELETE" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("what a request may be", () => {
  test.each([
    ["text/plain, which a page may send across origins", { "content-type": "text/plain" }],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }],
    ["another charset", { "content-type": "application/json; charset=utf-16" }],
    ["an unknown charset", { "content-type": "application/json; charset=x-evil" }],
    ["a compressed body", { "content-encoding": "gzip" }],
  ])("%s is 415", async (_what, headers) => {
    expect((await postRaw(server, VERSION, headers)).status).toBe(415);
  });

  test("utf-8, named or not, is fine", async () => {
    for (const type of ["application/json", "application/json; charset=utf-8", 'application/json; charset="UTF-8"']) {
      expect((await postRaw(server, VERSION, { "content-type": type })).status).toBe(200);
    }
  });

  test.each([["bytes that are no UTF-8", new Uint8Array([0x22, 0xff, 0xfe, 0x22])], ["no JSON", "{"], ["no object", "[1]"], ["no query", "{}"]])("%s is 400", async (_what, body) => {
    const response = await postRaw(server, body);
    expect(response.status).toBe(400);
    expect((await response.json() as { errors: unknown[] }).errors).toHaveLength(1);
  });

  test("a batch of operations is refused", async () => {
    expect((await postRaw(server, `[${VERSION},${VERSION}]`)).status).toBe(400);
  });

  test("GET serves queries only, and only with a header that a foreign page cannot send unasked", async () => {
    const query = `/graphql?query=${encodeURIComponent("{ serverInfo { version } }")}`;
    const mutation = `/graphql?query=${encodeURIComponent('mutation { cancelWorkflow(id: "x") { problems { code } } }')}`;
    const header = { "apollo-require-preflight": "1" };
    expect((await get(query)).status).toBe(400);
    expect((await get(query, header)).status).toBe(200);
    expect((await get(mutation, header)).status).toBe(405);
  });

  test("no answer permits another origin", async () => {
    const response = await postRaw(server, VERSION, { origin: "https://evil.example" });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("sizes", () => {
  test("a body over 10 MiB is 413, announced or not, and the server goes on", async () => {
    const huge = JSON.stringify({ query: "{ serverInfo { version } }", variables: { x: "y".repeat(10 * 1024 * 1024) } });
    expect((await postRaw(server, huge)).status).toBe(413);
    const chunks = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 11; i += 1) controller.enqueue(new Uint8Array(1024 * 1024).fill(32));
        controller.close();
      },
    });
    expect((await postRaw(server, chunks)).status).toBe(413);
    expect((await postRaw(server, VERSION)).status).toBe(200);
  });

  test("large variables are fine where a large document is not", async () => {
    const variables = { input: { context: { x: "y".repeat(500_000) } } };
    const answer = await request(server, "mutation($input: SubmitWorkflowInput!) { submitWorkflow(input: $input) { problems { code path } } }", variables);
    expect(answer.data.submitWorkflow.problems).toEqual([{ code: "REQUIRED", path: "definition" }]);
    const response = await postRaw(server, JSON.stringify({ query: `{ serverInfo { version } } #${"x".repeat(101_000)}` }));
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "LIMIT_EXCEEDED" } }] });
  });

  test("selections that are too deep name the limit", async () => {
    const groups = "groups { ".repeat(20);
    const answer = await request(server, `{ workflow(id: "x") { ${groups} id ${"} ".repeat(20)} } }`);
    expect(answer.errors?.[0]?.message).toMatch(/depth limit is 15/);
    expect(answer.errors?.[0]?.extensions["code"]).toBe("LIMIT_EXCEEDED");
  });

  test("the whole schema can be introspected by the tools' own query", async () => {
    const { getIntrospectionQuery } = await import("graphql");
    expect((await request(server, getIntrospectionQuery({ inputValueDeprecation: true }))).errors).toBeUndefined();
  });
});

describe("errors", () => {
  test("a malformed duration or enum in variables is a GraphQL error, not a problem", async () => {
    const query = "query($d: WorkflowDefinitionInput!) { planWorkflow(definition: $d) { valid } }";
    const plan = (task: object) => request(server, query, { d: { name: "w", groups: [{ name: "g", tasks: [{ name: "t", handler: "log", ...task }] }] } });
    for (const task of [{ timeout: "soon" }, { onFailure: "SHRUG" }]) {
      const answer = await plan(task);
      expect(answer.errors?.[0]?.extensions["code"]).toBe("BAD_USER_INPUT");
    }
  });

  test("a subscription by POST is refused and told where to go", async () => {
    const response = await postRaw(server, JSON.stringify({ query: 'subscription { workflowEvents(id: "x") { seq } }' }));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.stringMatching(/WebSocket/) }] });
  });

  test("no error carries a stack trace", async () => {
    for (const query of ["{", "{ nope }", '{ workflows(first: -1) { totalCount } }']) {
      expect(JSON.stringify(await request(server, query))).not.toMatch(/stacktrace|node_modules|\.js:/);
    }
  });

  test("a request line that is no URL does not hurt the server", async () => {
    const { hostname, port } = new URL(server.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(Number(port), hostname, () => socket.write("GET //[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
      let text = "";
      socket.on("data", (chunk) => (text += String(chunk))).on("close", () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    expect((await get("/healthz")).status).toBe(200);
  });
});
