/** Every example of docs/definition.md is run, and ends as the page says. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildSchema, getNamedType, isEnumType, isInputObjectType, type GraphQLInputObjectType, type GraphQLSchema } from "graphql";
import { parse } from "yaml";
import { startTestServer, type TestServer } from "../support/testServer.js";
import { waitFor } from "../support/waitFor.js";

const PAGE = readFileSync(new URL("../../docs/definition.md", import.meta.url), "utf8");
const SUBMIT = `mutation ($input: SubmitWorkflowInput!) { submitWorkflow(input: $input) { workflow { id } problems { code message path } } }`;
const OUTCOME = `query ($id: ID!) { workflow(id: $id) { status partial error { code task } context finishedAt } }`;

interface Example { name: string; input: { definition: { name: string } }; outcome: { context?: object } }

/** Each YAML block with the JSON block that follows it. */
function examples(): Example[] {
  return [...PAGE.matchAll(/```yaml\n([\s\S]*?)```\s+```json\n([\s\S]*?)```/g)].map(([, yaml, json]) => {
    const input = parse(yaml as string) as Example["input"];
    return { name: input.definition.name, input, outcome: JSON.parse(json as string) as Example["outcome"] };
  });
}

let server: TestServer;
beforeAll(async () => { server = await startTestServer(); });
afterAll(() => server.stop());

async function request<T>(query: string, variables: object): Promise<T> {
  const response = await fetch(server.httpUrl, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query, variables }) });
  const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

test("the page has a result for every example", () => {
  expect(examples().length).toBe([...PAGE.matchAll(/```yaml/g)].length);
  expect(examples().length).toBeGreaterThan(10);
});

test.each(examples())("the example $name ends as the page says", async ({ input, outcome }) => {
  const { submitWorkflow } = await request<{ submitWorkflow: { workflow: { id: string } | null; problems: unknown[] } }>(SUBMIT, { input });
  expect(submitWorkflow.problems).toEqual([]);
  const { workflow } = await waitFor(async () => {
    const read = await request<{ workflow: { finishedAt: string | null; context: object } }>(OUTCOME, { id: submitWorkflow.workflow?.id });
    return read.workflow.finishedAt === null ? undefined : read;
  }, { what: "the end" });
  expect(workflow).toMatchObject(outcome);
  // What the page leaves out of a whole context is only what the client gave.
  const given = Object.keys((input as { context?: object }).context ?? {});
  if (outcome.context) expect(Object.keys(workflow.context).filter((key) => !given.includes(key)).sort()).toEqual(Object.keys(outcome.context).filter((key) => !given.includes(key)).sort());
});

/** Every field of the input types of a definition, and every value of its enums, as `Type.field`. */
function declared(schema: GraphQLSchema, type = schema.getType("WorkflowDefinitionInput") as GraphQLInputObjectType, found = new Set<string>()): Set<string> {
  for (const field of Object.values(type.getFields())) {
    const name = `${type.name}.${field.name}`;
    if (found.has(name)) continue;
    found.add(name);
    const inner = getNamedType(field.type);
    if (isInputObjectType(inner)) declared(schema, inner, found);
    if (isEnumType(inner)) for (const { name: value } of inner.getValues()) found.add(`${inner.name}.${value}`);
  }
  return found;
}

/** Those of them that a definition uses. */
function used(type: GraphQLInputObjectType, value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const element of value) used(type, element, found);
    return;
  }
  for (const [name, inside] of Object.entries(value as object)) {
    const field = type.getFields()[name];
    if (!field) continue;
    found.add(`${type.name}.${name}`);
    const inner = getNamedType(field.type);
    if (isInputObjectType(inner)) used(inner, inside, found);
    if (isEnumType(inner)) found.add(`${inner.name}.${String(inside)}`);
  }
}

test("every field of a definition, and every value that one can choose, stands in an example", () => {
  const schema = buildSchema(readFileSync(new URL("../../schema/schema.graphql", import.meta.url), "utf8"));
  const shown = new Set<string>();
  for (const { input } of examples()) used(schema.getType("WorkflowDefinitionInput") as GraphQLInputObjectType, input.definition, shown);
  expect([...declared(schema)].filter((name) => !shown.has(name))).toEqual([]);
  expect(declared(schema).size).toBeGreaterThan(60);
});
