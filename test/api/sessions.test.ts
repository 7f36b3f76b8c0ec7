/** Sessions over the API: named at submission, found by id, read with their context and their workflows by pages. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/testServer.js";
import { connect, data, longDelay, request, submit, submitAndFinish, SUBMIT } from "./graphqlClient.js";

let server: TestServer;
beforeAll(async () => { server = await startTestServer(); });
afterAll(() => server.stop());

const SESSION = `query ($id: ID!, $first: Int, $after: String) {
  session(id: $id) { id context workflows(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { id session { id } } } }
}`;

function exporting(value: number, more: object = {}): object {
  const groups = [{ name: "g", tasks: [{ name: "rate", handler: "transform", input: { expression: "n", data: { n: value } } }] }];
  return { definition: { name: "exporting", groups, exports: ["rate"] }, ...more };
}

test("a named session holds what its workflows exported, and lists them by pages", async () => {
  const client = connect(server);
  const ids: string[] = [];
  for (const value of [1, 2, 3]) ids.unshift(await submitAndFinish(server, client, exporting(value, { sessionId: "cart/7" })));
  await client.dispose();
  const first = await data(server, SESSION, { id: "cart/7", first: 2 });
  expect(first.session).toMatchObject({ id: "cart/7", context: { rate: 3 }, workflows: { totalCount: 3, pageInfo: { hasNextPage: true } } });
  const second = await data(server, SESSION, { id: "cart/7", first: 2, after: first.session.workflows.pageInfo.endCursor });
  expect([...first.session.workflows.nodes, ...second.session.workflows.nodes].map(({ id }: { id: string }) => id)).toEqual(ids);
  expect(second.session.workflows.nodes).toEqual([{ id: ids[2], session: { id: "cart/7" } }]);
  const { workflows } = await data(server, `{ workflows(filter: { sessionId: "cart/7", status: [COMPLETED] }) { totalCount } }`);
  expect(workflows.totalCount).toBe(3);
});

test("node finds a session by its id, beside workflows, tasks and groups", async () => {
  const id = await submit(server, longDelay({ sessionId: "s0-not/a-workflow" }));
  const NODE = "query ($id: ID!) { node(id: $id) { __typename id } }";
  const nodeAt = async (at: string): Promise<unknown> => (await data(server, NODE, { id: at })).node;
  expect(await nodeAt("s0-not/a-workflow")).toEqual({ __typename: "Session", id: "s0-not/a-workflow" });
  expect(await nodeAt(id)).toEqual({ __typename: "Workflow", id });
  expect(await nodeAt(`${id}/waits.pause`)).toEqual({ __typename: "Task", id: `${id}/waits.pause` });
  expect(await nodeAt("nobody")).toBeNull();
});

test("a workflow without a session has one of its own, which is found by its id", async () => {
  const id = await submit(server, longDelay());
  const { workflow } = await data(server, "query ($id: ID!) { workflow(id: $id) { session { id context workflows { totalCount nodes { id } } } } }", { id });
  expect(workflow.session).toMatchObject({ context: {}, workflows: { totalCount: 1, nodes: [{ id }] } });
  expect((await data(server, SESSION, { id: workflow.session.id })).session.id).toBe(workflow.session.id);
});

test("a session that nobody has used is null", async () => {
  expect((await data(server, SESSION, { id: "unused" })).session).toBeNull();
});

test("what cannot be exported, and an id that no session can have, are problems with paths and hints", async () => {
  const wrong = exporting(1, { sessionId: "" }) as { definition: { exports: string[] } };
  wrong.definition.exports = ["raet", "rate", "rate", "nothing-like-it"];
  const { submitWorkflow } = await data(server, SUBMIT, { input: wrong });
  expect(submitWorkflow.problems).toMatchObject([
    { code: "UNKNOWN_KEY", path: "exports[0]", hint: "Did you mean rate?" }, { code: "DUPLICATE_NAME", path: "exports[2]" },
    { code: "UNKNOWN_KEY", path: "exports[3]" }, { code: "INVALID_VALUE", path: "sessionId" },
  ]);
});

test("a page cursor that is none is refused", async () => {
  await submit(server, longDelay({ sessionId: "paged" }));
  const { errors } = await request(server, SESSION, { id: "paged", after: "nonsense" });
  expect(errors?.[0]?.extensions["code"]).toBe("CURSOR_INVALID");
});
