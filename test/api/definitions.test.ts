/** Registered definitions over the API: versions, pages, submission by name, and what a workflow remembers of its own. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/testServer.js";
import { data, type Answer } from "./graphqlClient.js";

let server: TestServer;
beforeAll(async () => { server = await startTestServer(); });
afterAll(() => server.stop());

const REGISTER = `mutation($definition: WorkflowDefinitionInput!) {
  registerDefinition(definition: $definition) { problems { code path } definition { name version hash document registeredAt } } }`;
const SUBMIT = `mutation($input: SubmitWorkflowInput!) {
  submitWorkflow(input: $input) { problems { code path } workflow { id definition { name version hash document registeredAt } } } }`;

const named = (name: string, value: unknown = 1, more: object = {}): object => ({
  name, groups: [{ name: "g", tasks: [{ name: "a", handler: "transform", input: { expression: "$", data: value, timeoutMs: 5 }, ...more }] }],
});
const register = async (definition: object): Promise<Answer> => (await data(server, REGISTER, { definition })).registerDefinition;
const submit = async (input: object): Promise<Answer> => (await data(server, SUBMIT, { input })).submitWorkflow;

test("other content is the next version, the same content the version it was, and each stays what it was", async () => {
  const [first, second, again] = [await register(named("versions", 1)), await register(named("versions", 2)), await register(named("versions", 1))];
  expect([first, second, again].map(({ definition }) => definition.version)).toEqual([1, 2, 1]);
  expect(again.definition).toEqual(first.definition);
  expect(second.definition.hash).not.toBe(first.definition.hash);
  const query = "query($version: Int) { definition(name: \"versions\", version: $version) { version hash document } }";
  expect((await data(server, query)).definition).toMatchObject({ version: 2, hash: second.definition.hash });
  expect((await data(server, query, { version: 1 })).definition.document).toEqual(first.definition.document);
  expect((await data(server, query, { version: 3 })).definition).toBeNull();
});

test("many registrations at once of the same content are one version", async () => {
  const all = await Promise.all(Array.from({ length: 10 }, () => register(named("at_once"))));
  expect(new Set(all.map(({ definition }) => definition.version))).toEqual(new Set([1]));
});

test("a document can be registered again and is the same version: durations are written as clients write them", async () => {
  const { definition } = await register(named("document", 1, { timeout: "90s", retry: { initialDelay: "250ms" }, validate: "$result" }));
  const [task] = definition.document.groups[0].tasks;
  expect([task.timeout, task.retry.initialDelay, task.input.timeoutMs]).toEqual([expect.stringMatching(/^(90s|1m30s|PT.*)$/), "250ms", 5]);
  expect((await register(definition.document)).definition.version).toBe(1);
});

test("a faulty definition is refused with its problems, and nothing is registered", async () => {
  expect(await register(named("faulty", "{{ a"))).toMatchObject({ definition: null, problems: [{ code: "TEMPLATE_SYNTAX" }] });
  expect((await data(server, "{ definition(name: \"faulty\") { version } }")).definition).toBeNull();
});

test("a workflow submitted by name runs the latest version or the one asked for, and remembers which", async () => {
  await register(named("runs", 1));
  const { definition: latest } = await register(named("runs", 2));
  const { workflow } = await submit({ definitionName: "runs" });
  expect(workflow.definition).toEqual(latest);
  await register(named("runs", 3));
  const query = "query($id: ID!) { workflow(id: $id) { definition { version registeredAt } } }";
  expect((await data(server, query, { id: workflow.id })).workflow.definition).toEqual({ version: 2, registeredAt: latest.registeredAt });
  expect((await submit({ definitionName: "runs", definitionVersion: 1 })).workflow.definition.version).toBe(1);
});

test("an inline definition has version 0 and was never registered", async () => {
  const { workflow } = await submit({ definition: named("inline") });
  expect(workflow.definition).toMatchObject({ name: "inline", version: 0, registeredAt: null, document: { name: "inline" } });
});

test("exactly one of an inline and a registered definition, and one that exists", async () => {
  await register(named("there"));
  const problems = async (input: object): Promise<Answer> => (await submit(input)).problems;
  expect(await problems({})).toEqual([{ code: "REQUIRED", path: "definition" }]);
  expect(await problems({ definition: named("x"), definitionName: "there" })).toEqual([{ code: "INVALID_VALUE", path: "definitionName" }]);
  expect(await problems({ definition: named("x"), definitionVersion: 1 })).toEqual([{ code: "REQUIRED", path: "definitionName" }]);
  expect(await problems({ definitionName: "nowhere" })).toEqual([{ code: "NOT_FOUND", path: "definitionName" }]);
  expect(await problems({ definitionName: "there", definitionVersion: 7 })).toEqual([{ code: "NOT_FOUND", path: "definitionVersion" }]);
});

test("pages of names hold each name once, in their order, with its latest version", async () => {
  for (const [name, value] of [["p_b", 1], ["p_a", 1], ["p_c", 1], ["p_a", 2]] as const) await register(named(name, value));
  const query = "query($after: String) { definitions(first: 2, after: $after) { totalCount nodes { name version } pageInfo { hasNextPage endCursor } } }";
  const seen: { name: string; version: number }[] = [];
  let after: string | null = null;
  do {
    const { definitions } = await data(server, query, { after });
    seen.push(...definitions.nodes);
    expect(definitions.totalCount).toBeGreaterThanOrEqual(3);
    after = definitions.pageInfo.hasNextPage ? definitions.pageInfo.endCursor : null;
  } while (after !== null);
  expect(seen.map(({ name }) => name)).toEqual([...new Set(seen.map(({ name }) => name))].sort());
  expect(seen.filter(({ name }) => name.startsWith("p_"))).toEqual([{ name: "p_a", version: 2 }, { name: "p_b", version: 1 }, { name: "p_c", version: 1 }]);
});

test("reducers and validate are written as in the definition, and their problems have its paths", async () => {
  const writer = (name: string): object => ({ name, handler: "transform", input: { expression: "$", data: 2 }, resultKeys: ["sum"], validate: "$result > 1" });
  const definition = { name: "reduced", groups: [{ name: "g", tasks: [writer("a"), writer("b")] }], reducers: [{ key: "sum", reducer: "SUM" }] };
  expect((await submit({ definition, context: { sum: "no number" } })).problems).toEqual([{ code: "INVALID_VALUE", path: "context.sum" }]);
  expect((await submit({ definition: { ...definition, reducers: [] } })).problems).toEqual([{ code: "DUPLICATE_WRITER", path: "groups[0].tasks[1].resultKeys[0]" }]);
  expect((await submit({ definition, context: { sum: 1 } })).problems).toEqual([]);
});
