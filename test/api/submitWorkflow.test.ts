/** Submitting, planning, cancelling and reading back: problems are data, results keep their types, ids find their things again. */

import type { Client } from "graphql-ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer } from "../support/testServer.js";
import type { Answer } from "./graphqlClient.js";
import { SUBMIT, connect, data, longDelay, request, submit, submitAndFinish, sumOfDoubles } from "./graphqlClient.js";

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

describe("submitting", () => {
  test("the payload has the workflow as it was stored", async () => {
    const { submitWorkflow } = await data(server, SUBMIT, { input: sumOfDoubles([1, 2], { labels: { team: "a", n: 1 } }) });
    expect(submitWorkflow).toMatchObject({ duplicate: false, problems: [], workflow: { name: "sum_of_doubles", labels: { team: "a", n: 1 } } });
    expect(submitWorkflow.workflow.id).toMatch(/^[^/\s]+$/);
  });

  test("an invalid definition gives every problem with its place, and no workflow", async () => {
    const definition = { name: "bad", groups: [{ name: "g", tasks: [{ name: "a", handler: "transfrom" }, { name: "b", handler: "log", input: "{{ missing }}" }] }] };
    const { submitWorkflow } = await data(server, SUBMIT, { input: { definition } });
    expect(submitWorkflow.workflow).toBeNull();
    expect(submitWorkflow.problems.map(({ code, path }: { code: string; path: string }) => [code, path])).toEqual(expect.arrayContaining([
      ["UNKNOWN_HANDLER", expect.stringContaining("groups[0].tasks[0]")],
      ["UNKNOWN_KEY", expect.stringContaining("groups[0].tasks[1]")],
    ]));
  });

  test("without a definition it is a problem, not an error", async () => {
    const { submitWorkflow } = await data(server, SUBMIT, { input: { context: {} } });
    expect(submitWorkflow).toMatchObject({ workflow: null, duplicate: false, problems: [{ code: "REQUIRED", path: "definition" }] });
  });

  test("the same key with the same payload gives the first workflow", async () => {
    const input = sumOfDoubles([1], { idempotencyKey: `key-${Date.now()}` });
    const first = await data(server, SUBMIT, { input });
    const second = await data(server, SUBMIT, { input });
    expect(second.submitWorkflow).toMatchObject({ duplicate: true, problems: [], workflow: { id: first.submitWorkflow.workflow.id } });
    const other = await data(server, SUBMIT, { input: { ...input, context: { numbers: [2] } } });
    expect(other.submitWorkflow).toMatchObject({ workflow: null, problems: [{ code: "IDEMPOTENCY_CONFLICT" }] });
  });

  test("the key __proto__ is a problem, from variables and from a literal alike", async () => {
    const body = JSON.stringify({ query: SUBMIT, variables: { input: sumOfDoubles([1]) } }).replace('"numbers":[1]', '"numbers":[1],"x":{"__proto__":{"y":1}}');
    const response = await fetch(new URL("/graphql", server.url), { method: "POST", headers: { "content-type": "application/json" }, body });
    const answer = (await response.json()) as { data: Answer };
    expect(answer.data.submitWorkflow.problems).toMatchObject([{ code: "FORBIDDEN_KEY" }]);
    const literal = `mutation { submitWorkflow(input: {context: {a: {__proto__: 1}}, definition: {name: "w", groups: [{name: "g", tasks: [{name: "t", handler: "log"}]}]}}) { problems { code } } }`;
    expect((await data(server, literal)).submitWorkflow.problems).toEqual([{ code: "FORBIDDEN_KEY" }]);
  });
});

describe("reading back", () => {
  test("context, results, items and the progress of a finished workflow", async () => {
    const id = await submitAndFinish(server, client, sumOfDoubles([1, 2, 3]));
    const { workflow } = await data(server, `query($id: ID!) { workflow(id: $id) {
      status percent partial error { code } context some: context(keys: ["total", "absent"]) submittedAt startedAt finishedAt
      counts { total completed }
      groups { id name status counts { completed } tasks { name } groups { id } }
      total: task(name: "work.total") { id handler status result attempt attempts { number startedAt } waitingFor { kind } counts { total } }
      doubles: task(name: "work.doubles") { status result counts { total completed } items(first: 2) { totalCount nodes { index identifier variables status result } pageInfo { hasNextPage endCursor } } }
      nothing: task(name: "work.nothing") { id }
    } }`, { id });
    expect(workflow).toMatchObject({
      status: "COMPLETED", percent: 100, partial: false, error: null, nothing: null,
      context: { numbers: [1, 2, 3], doubles: [2, 4, 6], total: 12 }, some: { total: 12 }, counts: { total: 4, completed: 4 },
      groups: [{ id: `${id}/work`, name: "work", status: "COMPLETED", tasks: [{ name: "work.doubles" }, { name: "work.total" }], groups: [] }],
      total: { id: `${id}/work.total`, handler: "transform", status: "COMPLETED", result: 12, attempt: 1, attempts: [{ number: 1 }], waitingFor: [], counts: null },
      doubles: { status: "COMPLETED", result: [2, 4, 6], counts: { total: 3, completed: 3 } },
    });
    expect(workflow.doubles.items).toMatchObject({
      totalCount: 3, pageInfo: { hasNextPage: true },
      nodes: [{ index: 0, identifier: "0", variables: { number: 1 }, status: "COMPLETED", result: 2 }, { index: 1, result: 4 }],
    });
    expect(Date.parse(workflow.finishedAt)).toBeGreaterThanOrEqual(Date.parse(workflow.startedAt));
  });

  test("every id that is given out finds its thing again", async () => {
    const id = await submitAndFinish(server, client, sumOfDoubles([1]));
    const query = "query($id: ID!) { node(id: $id) { __typename id ... on Workflow { name } ... on TaskGroup { name } ... on Task { name result } } }";
    expect((await data(server, query, { id })).node).toMatchObject({ __typename: "Workflow", id, name: "sum_of_doubles" });
    expect((await data(server, query, { id: `${id}/work` })).node).toMatchObject({ __typename: "TaskGroup", id: `${id}/work`, name: "work" });
    expect((await data(server, query, { id: `${id}/work.total` })).node).toMatchObject({ __typename: "Task", name: "work.total", result: 2 });
    for (const unknown of [`${id}/nope`, `${id}/work.nope`, "nope", "nope/work", "", "/"]) {
      expect((await data(server, query, { id: unknown })).node).toBeNull();
    }
  });

  test("tasks come by pages and by status", async () => {
    const id = await submitAndFinish(server, client, sumOfDoubles([1]));
    const query = `query($id: ID!, $after: String, $status: [TaskStatus!]) { workflow(id: $id) { tasks(first: 1, after: $after, status: $status) {
      totalCount nodes { name } edges { cursor } pageInfo { hasNextPage hasPreviousPage } } } }`;
    const first = (await data(server, query, { id })).workflow.tasks;
    expect(first).toMatchObject({ totalCount: 2, nodes: [{ name: "work.doubles" }], pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    const second = (await data(server, query, { id, after: first.edges[0].cursor })).workflow.tasks;
    expect(second).toMatchObject({ nodes: [{ name: "work.total" }], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect((await data(server, query, { id, status: ["FAILED"] })).workflow.tasks).toMatchObject({ totalCount: 0, nodes: [] });
    expect((await request(server, query, { id, after: "made up" })).errors?.[0]?.extensions["code"]).toBe("CURSOR_INVALID");
  });

  test("the list has the newest first, by pages, filtered", async () => {
    const name = `listed_${Date.now()}`;
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      ids.unshift(await submit(server, { definition: { name, groups: [{ name: "g", tasks: [{ name: "t", handler: "log" }] }] } }));
    }
    const query = `query($name: String, $after: String) { workflows(filter: {name: $name}, first: 2, after: $after) {
      totalCount nodes { id name } pageInfo { hasNextPage endCursor } } }`;
    const first = (await data(server, query, { name })).workflows;
    expect(first).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
    const second = (await data(server, query, { name, after: first.pageInfo.endCursor })).workflows;
    expect([...first.nodes, ...second.nodes].map((node: { id: string }) => node.id)).toEqual(ids);
  });

  test("a workflow that is not there is null, and the events of one are pages of its log", async () => {
    expect(await data(server, '{ workflow(id: "nope") { id groups { id } } }')).toEqual({ workflow: null });
    const id = await submitAndFinish(server, client, sumOfDoubles([1]));
    const query = `query($id: ID!, $after: Cursor) { workflow(id: $id) { events(first: 2, after: $after) {
      nodes { seq type } edges { cursor node { seq } } pageInfo { hasNextPage endCursor } } } }`;
    const seqs: number[] = [];
    for (let after: string | null = null, more = true; more;) {
      const answer: Answer = await data(server, query, { id, after });
      const { events } = answer.workflow;
      seqs.push(...events.nodes.map(({ seq }: { seq: number }) => seq));
      after = events.pageInfo.endCursor;
      more = events.pageInfo.hasNextPage;
    }
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect(seqs.length).toBeGreaterThan(4);
  });
});

describe("cancelling", () => {
  const CANCEL = "mutation($id: ID!) { cancelWorkflow(id: $id, reason: \"enough\") { problems { code } workflow { status error { code message } finishedAt tasks { nodes { status } } } } }";

  test("the payload shows the workflow after it; a second time is a problem", async () => {
    const id = await submit(server, longDelay());
    const { cancelWorkflow } = await data(server, CANCEL, { id });
    expect(cancelWorkflow).toMatchObject({ problems: [], workflow: { status: "CANCELLED" } });
    expect((await data(server, CANCEL, { id })).cancelWorkflow).toMatchObject({ problems: [{ code: "ALREADY_ENDED" }], workflow: { status: "CANCELLED" } });
  });

  test("an unknown workflow is a problem", async () => {
    expect((await data(server, CANCEL, { id: "nope" })).cancelWorkflow).toMatchObject({ problems: [{ code: "NOT_FOUND" }], workflow: null });
  });
});

describe("planning and the rest", () => {
  test("a plan shows the inferred graph without running anything", async () => {
    const { definition, context } = sumOfDoubles([1, 2, 3]) as { definition: object; context: object };
    const { planWorkflow } = await data(server, `query($definition: WorkflowDefinitionInput!, $context: JSON) { planWorkflow(definition: $definition, context: $context) {
      valid problems { code } levels nodes { task level dependsOn reads writes } } }`, { definition, context });
    expect(planWorkflow).toMatchObject({
      valid: true, problems: [], levels: 2,
      nodes: [
        { task: "work.doubles", level: 1, dependsOn: [], reads: ["numbers"], writes: ["doubles"] },
        { task: "work.total", level: 2, dependsOn: ["work.doubles"], reads: ["doubles"], writes: ["total"] },
      ],
    });
  });

  test("the server tells its handlers and itself", async () => {
    const { handlers, serverInfo } = await data(server, "{ handlers { name description builtIn inputSchema } serverInfo { version redis kafka uptime } }");
    expect(handlers).toEqual(expect.arrayContaining([expect.objectContaining({ name: "transform", builtIn: true })]));
    expect(serverInfo).toMatchObject({ version: expect.stringMatching(/\d/), kafka: "off", uptime: expect.stringMatching(/^\d+(ms|s|m|h|d)$/) });
  });
});
