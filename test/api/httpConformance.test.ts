/** GraphQL over HTTP: the audits of graphql-http, an independent reading of the specification, against a running server. */

import { auditServer } from "graphql-http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import { postRaw } from "./graphqlClient.js";

let server: Awaited<ReturnType<typeof startTestServer>>;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/**
 * GET without a header that makes a browser ask first is refused, so that no page of another origin can send one unasked. The audits send none;
 * all of them are a MAY.
 */
const GET_WITHOUT_PREFLIGHT = ["5A70", "D6D5", "6A70"];

test("no MUST, no SHOULD and no MAY of the specification fails, apart from GET without a preflight", async () => {
  const results = await auditServer({ url: server.httpUrl });
  const failed = results.flatMap((result) => (result.status === "ok" ? [] : [`${result.id} ${result.status} ${result.name}: ${result.reason}`]));
  expect(results.length).toBeGreaterThan(50);
  expect(failed.filter((line) => !GET_WITHOUT_PREFLIGHT.includes(line.slice(0, 4)))).toEqual([]);
  expect(failed.every((line) => / MAY /.test(line))).toBe(true);
});

test("with such a header, GET passes the same audits", async () => {
  const results = await auditServer({
    url: server.httpUrl,
    fetchFn: (url: string, init?: RequestInit) => fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), "apollo-require-preflight": "1" } }),
  });
  const ofGet = results.filter(({ id }) => GET_WITHOUT_PREFLIGHT.includes(id));
  expect(ofGet.map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
});

test.each([
  ["a document that cannot be parsed", "{", {}, "GRAPHQL_PARSE_FAILED"],
  ["a document that is not valid", "{ nope }", {}, "GRAPHQL_VALIDATION_FAILED"],
  ["a variable that is missing", "query($id: ID!) { workflow(id: $id) { id } }", {}, "BAD_USER_INPUT"],
  ["a selection beyond the depth limit", `{ workflow(id: "x") { ${"groups { ".repeat(20)} id ${"} ".repeat(20)} } }`, {}, "LIMIT_EXCEEDED"],
])("%s: 200 in application/json, 400 in application/graphql-response+json, the errors are the same", async (_what, query, variables, code) => {
  const ask = async (accept: string) => {
    const response = await postRaw(server, JSON.stringify({ query, variables }), { accept });
    return { status: response.status, body: (await response.json()) as { errors: { extensions: { code: string } }[] } };
  };
  const [plain, graphql] = [await ask("application/json"), await ask("application/graphql-response+json, application/json;q=0.5")];
  expect([plain.status, graphql.status]).toEqual([200, 400]);
  expect(plain.body).toEqual(graphql.body);
  expect(plain.body.errors[0]?.extensions.code).toBe(code);
});
