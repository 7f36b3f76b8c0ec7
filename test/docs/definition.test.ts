/** Every example of docs/definition.md is run, and ends as the page says. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
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
