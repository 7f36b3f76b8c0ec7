/** The subscription to many workflows over WebSocket: filters, cursors and errors as the schema says. */

import type { Client } from "graphql-ws";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import type { Answer } from "./graphqlClient.js";
import { collect, connect, submit, submitAndFinish, sumOfDoubles } from "./graphqlClient.js";

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

const EVENTS = `subscription($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) {
  __typename seq type cursor at workflowId ... on TaskEvent { task item attempt result itemCount } ... on WorkflowStatusEvent { status } ... on ContextEvent { keys } } }`;
const LOG = EVENTS.replace("$filter: EventFilter, $after: Cursor", "$id: ID!").replace("events(filter: $filter, after: $after)", "workflowEvents(id: $id)");

/** Events until `count` workflows have completed. */
async function take(variables: Record<string, unknown>, count: number): Promise<Answer[]> {
  const seen: Answer[] = [];
  for await (const { data, errors } of client.iterate<Answer>({ query: EVENTS, variables })) {
    if (errors) throw new Error(JSON.stringify(errors));
    seen.push(data.events);
    if (seen.filter(({ type }) => type === "WORKFLOW_COMPLETED").length === count) break;
  }
  return seen;
}

/** A cursor of the present: of an event that is there already. */
async function cursorNow(): Promise<string> {
  const results = client.iterate<Answer>({ query: EVENTS, variables: {} });
  const first = results.next();
  // What was submitted before the subscription began does not come, and it says nothing when it begins.
  for (;;) {
    const one = await Promise.race([first, submitAndFinish(server, client, sumOfDoubles([1]))]);
    if (typeof one === "string") continue;
    await results.return?.(undefined);
    return one.value.data.events.cursor as string;
  }
}

test("events of workflows submitted later come as the workflows' own subscriptions give them, with their results", async () => {
  const after = await cursorNow();
  const label = { run: Math.random() };
  const ids = [await submit(server, sumOfDoubles([1, 2], { labels: label })), await submit(server, sumOfDoubles([3], { labels: label }))];
  await submit(server, sumOfDoubles([4]));
  const seen = await take({ after, filter: { labels: label } }, 2);
  for (const id of ids) {
    const log = (await collect(client, LOG, { id })).map(({ workflowEvents: { cursor: _, ...event } }) => event);
    expect(seen.filter(({ workflowId }) => workflowId === id).map(({ cursor: _, ...event }) => event)).toEqual(log);
  }
  expect(new Set(seen.map(({ workflowId }) => workflowId))).toEqual(new Set(ids));
  const at = Math.floor(seen.length / 2);
  expect(await take({ after: seen[at].cursor, filter: { labels: label } }, seen.slice(at + 1).filter(({ type }) => type === "WORKFLOW_COMPLETED").length)).toEqual(seen.slice(at + 1));
});

test("only the types and the workflows asked for come", async () => {
  const after = await cursorNow();
  const [id] = [await submit(server, sumOfDoubles([1])), await submit(server, sumOfDoubles([2]))];
  const seen = await take({ after, filter: { workflowIds: [id, "nope"], types: ["TASK_COMPLETED", "WORKFLOW_COMPLETED"] } }, 1);
  expect([...new Set(seen.map(({ type }) => type))]).toEqual(["TASK_COMPLETED", "WORKFLOW_COMPLETED"]);
  expect(new Set(seen.map(({ workflowId }) => workflowId))).toEqual(new Set([id]));
});

test.each([
  ["a made-up cursor", { after: "made up" }, "CURSOR_INVALID"],
  ["labels that are no object", { filter: { labels: [1] } }, "INVALID_VALUE"],
])("%s is a GraphQL error with its code", async (_what, variables, code) => {
  await expect(collect(client, EVENTS, variables)).rejects.toMatchObject({ errors: [{ extensions: { code } }] });
});
