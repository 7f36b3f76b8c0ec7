/** The short way of an operation answers what Apollo answers: status, type and body, for what works, what fails and what is refused. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createApollo } from "../../src/api/apollo.js";
import { createContext } from "../../src/api/context.js";
import type { ServerFacts } from "../../src/api/context.js";
import { createDirectExecution } from "../../src/api/directExecution.js";
import { createGraphqlHandler } from "../../src/api/graphqlHttp.js";
import type { FindDirectOperation } from "../../src/api/directExecution.js";
import { createHttpHandler } from "../../src/api/httpHandler.js";
import { createPreparer } from "../../src/api/prepareOperation.js";
import { createSchema } from "../../src/api/schema.js";
import { silentLog } from "../../src/runtime/log.js";
import { finished, startTestNode } from "../support/testNode.js";
import type { FanwireNode } from "../../src/main.js";
import { longDelay, sumOfDoubles } from "./graphqlClient.js";

let node: FanwireNode;
let both: Server[];
let taken = 0;
let id: string;
const redis = { fails: false };

beforeAll(async () => {
  node = await startTestNode();
  const schema = await createSchema();
  const direct = createDirectExecution(schema, createPreparer(schema), silentLog);
  const counted: FindDirectOperation = (body, accept) => {
    const found = direct(body, accept);
    if (found) taken += 1;
    return found;
  };
  const facts: ServerFacts = { version: "1", startedMs: Date.now(), redisStatus: async () => { if (redis.fails) throw new TypeError("secret detail"); return "fine"; }, kafkaStatus: async () => "off" };
  const newContext = (signal: AbortSignal) => createContext({ engine: node.engine, events: node.events, server: facts, fleet: node.fleet, workers: node.remoteWorkers }, signal);
  const apollo = createApollo(schema, silentLog, async () => undefined);
  await apollo.start();
  both = await Promise.all([counted, (() => undefined) as FindDirectOperation].map(async (findDirect) => {
    const server = createServer(createHttpHandler({ graphql: createGraphqlHandler({ apollo, findDirect, newContext }), eventStreams: async () => undefined, pages: new Map(), ready: async () => true, metrics: async () => "", log: silentLog }));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return server;
  }));
  const { workflowId } = await node.engine.submitWorkflow({ tenant: "default" }, definitionOf(sumOfDoubles([1, 2, 3])));
  id = workflowId as string;
  await finished(node, id);
});
afterAll(async () => {
  for (const server of both) server.close();
  await node.stop();
});

/** The inputs of the tests are those of the API; the engine wants the same with its defaults. */
function definitionOf(input: object): never {
  const { definition, context } = input as { definition: { groups: { tasks: object[] }[] }; context: object };
  const task = { dependencies: [], optionalDependencies: [], after: [], optionalResultKeys: [], onFailure: "FAIL", queue: "default" };
  const expansion = { outputFormat: "MERGE", flatten: false, nested: false, failFast: false, onItemFailure: "DROP" };
  const groups = definition.groups.map((group) => ({
    dependencies: [], ...group,
    tasks: group.tasks.map((one) => ({ ...task, ...one, ...("expansion" in one ? { expansion: { ...expansion, ...(one.expansion as object) } } : {}) })),
  }));
  return { definition: { onFailure: "CONTINUE", ...definition, groups }, context } as never;
}

async function answers(body: unknown, headers: Record<string, string> = {}): Promise<{ direct: boolean; answers: object[] }> {
  const before = taken;
  const text = typeof body === "string" ? body : JSON.stringify(body).replaceAll("<id>", id);
  const given = await Promise.all(both.map(async (server) => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: text });
    // Masked errors carry an id of their own.
    const answer = (await response.text()).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<error>");
    return { status: response.status, headers: Object.fromEntries([...response.headers].filter(([name]) => name !== "date")), answer };
  }));
  return { direct: taken > before, answers: given };
}

const DETAIL = `query Detail($id: ID!, $withEvents: Boolean = true) { workflow(id: $id) {
  __typename id name status percent labels submittedAt finishedAt counts { total completed } error { code } context session { id }
  groups { name tasks { name status result waitingFor { kind } items(first: 2) { totalCount nodes { index result } } } }
  events(first: 5) @include(if: $withEvents) { edges { cursor node { __typename seq type ... on TaskEvent { task result } } } pageInfo { hasNextPage } }
} }`;

test.each<[string, object]>([
  ["one field", { query: "{ __typename }" }],
  ["a list", { query: "{ workflows(first: 3) { totalCount edges { cursor node { id status } } pageInfo { endCursor } } }" }],
  ["a workflow in depth", { query: DETAIL, variables: { id: "<id>" } }],
  ["a condition that leaves a field out", { query: DETAIL, variables: { id: "<id>", withEvents: false }, operationName: "Detail" }],
  ["a node by its id", { query: 'query($id: ID!) { node(id: $id) { __typename id ... on Workflow { name } } }', variables: { id: "<id>" } }],
  ["one of several operations", { query: "query A { __typename } query B { handlers { name } }", operationName: "B" }],
  ["introspection", { query: "{ __schema { queryType { name } types { name kind } } }" }],
  ["an expected error", { query: "{ workflows(first: -1) { totalCount } }" }],
  ["an expected error beside data", { query: '{ a: workflow(id: "x") { id } b: workflows(after: "x") { totalCount } }' }],
  ["a mutation with problems", { query: 'mutation { cancelWorkflow(id: "x") { problems { code message hint } } deleteWorkflow(id: "<id>x") { deleted problems { code } } }' }],
  ["a mutation of wrong input", { query: "mutation($input: SubmitWorkflowInput!) { submitWorkflow(input: $input) { problems { code path } } }", variables: { input: { ...longDelay(), definition: { name: "no name!", groups: [] } } } }],
  ["extensions that say nothing", { query: "{ __typename }", extensions: {}, variables: null, operationName: null }],
  ["a byte beyond ASCII", { query: '{ a: workflow(id: "ü💥") { id } }' }],
])("%s: taken the short way, to the same answer", async (_what, body) => {
  const { direct, answers: [short, long] } = await answers(body);
  expect(direct).toBe(true);
  expect(short).toEqual(long);
});

test("an unexpected error is masked the same way", async () => {
  redis.fails = true;
  const { direct, answers: [short, long] } = await answers({ query: "{ serverInfo { version redis } handlers { name } }" });
  redis.fails = false;
  expect(direct).toBe(true);
  expect(short).toEqual(long);
  expect(JSON.stringify(short)).toMatch(/INTERNAL/);
  expect(JSON.stringify(short)).not.toMatch(/secret detail/);
});

test.each([["*/*", true], ["application/json", true], ["application/graphql-response+json", true], ["application/graphql-response+json, application/json;q=0.9", false], ["text/html", false], ["application/json;q=0", false]])(
  "accept: %s",
  async (accept, shortWay) => {
    const { direct, answers: [short, long] } = await answers({ query: "{ __typename }" }, { accept });
    expect([direct, short]).toEqual([shortWay, long]);
  },
);

test.each<[string, unknown]>([
  ["no query", {}], ["an empty query", { query: "" }], ["a query that is no text", { query: 1 }], ["a list", [{ query: "{ __typename }" }]], ["null", "null"],
  ["variables that are a list", { query: "{ __typename }", variables: [] }], ["a name that is no text", { query: "{ __typename }", operationName: 1 }],
  ["an unknown name", { query: "query A { __typename }", operationName: "B" }], ["no name for several", { query: "query A { __typename } query B { __typename }" }],
  ["an empty name", { query: "query A { __typename }", operationName: "" }],
  ["a persisted query", { query: "{ __typename }", extensions: { persistedQuery: { version: 1, sha256Hash: "x" } } }],
  ["extensions that are text", { query: "{ __typename }", extensions: "x" }],
  ["a document that cannot be parsed", { query: "{" }], ["a document that is not valid", { query: "{ nope }" }], ["a fragment alone", { query: "fragment F on Query { __typename }" }],
  ["a missing variable", { query: "query($id: ID!) { workflow(id: $id) { id } }" }], ["a wrong variable", { query: "query($n: Int) { workflows(first: $n) { totalCount } }", variables: { n: "x" } }],
  ["a subscription", { query: 'subscription { workflowEvents(id: "x") { seq } }' }],
  ["a selection that is too deep", { query: `{ workflow(id: "x") { ${"groups { ".repeat(20)} id ${"} ".repeat(20)} } }` }],
  ["a document that is too large", { query: `{ __typename } #${"x".repeat(101_000)}` }],
])("%s: left to Apollo", async (_what, body) => {
  const { direct, answers: [short, long] } = await answers(body);
  expect(direct).toBe(false);
  expect(short).toEqual(long);
});
