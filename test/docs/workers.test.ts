/** The examples of docs/workers.md compile, run, and end as the page says. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { createClient } from "../../src/client/FanwireClient.js";
import type { SubmitWorkflowInput } from "../../src/client/generated/graphql.js";
import { loadTasks } from "../../src/cli/taskFiles.js";
import { data } from "../api/graphqlClient.js";
import { runCli, runNode } from "../cli/runCli.js";
import { testPrefix } from "../support/testNode.js";
import { startTestServer } from "../support/testServer.js";
import { fencedBlocks, readPage, ROOT, tableRows } from "./markdown.js";

const page = readPage("docs/workers.md");
const files = new Map(fencedBlocks(page, "ts").map((text): [string, string] => [/^\/\/ (\S+)\n/.exec(text)?.[1] as string, text]));
let folder: string;

beforeAll(() => {
  // Below the repository, so that packages are found.
  mkdirSync(`${ROOT}.cache`, { recursive: true });
  folder = mkdtempSync(`${ROOT}.cache/workers-`);
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("every file compiles against the package", () => {
  expect([...files.keys()]).toEqual(["my-tasks.ts", "program.ts"]);
  const program = ts.createProgram([...files.keys()].map((name) => join(folder, name)), {
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true, skipLibCheck: true, types: ["node"],
    outDir: folder, paths: { fanwire: [`${ROOT}dist/index.d.ts`] },
  });
  expect(ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
  program.emit();
});

test("the workflow ends as the page says", async () => {
  const server = await startTestServer(await loadTasks([join(folder, "my-tasks.ts")]));
  try {
    const [yaml = ""] = fencedBlocks(page, "yaml");
    const shown = JSON.parse(fencedBlocks(page, "json")[0] ?? "") as { status: string; context: object; errors: Record<string, object> };
    const client = createClient({ url: server.url });
    const { id } = await client.submit(parse(yaml) as SubmitWorkflowInput);
    expect(await client.ended(id)).toMatchObject({ status: shown.status, context: shown.context });
    for (const [name, error] of Object.entries(shown.errors)) {
      const { workflow } = await data(server, "query($id: ID!, $name: String!) { workflow(id: $id) { task(name: $name) { error { code message retryable details } } } }", { id, name });
      expect(workflow.task.error).toMatchObject(error);
    }
  } finally {
    await server.stop();
  }
});

test("the program prints what the page says", async () => {
  const env = { REDIS_URL: process.env.FANWIRE_TEST_REDIS, KEY_PREFIX: testPrefix() };
  // As Node runs it: compiled by the test before, with the package found by its own name.
  const { code, stdout, stderr } = await runNode([join(folder, "program.js")], { env });
  expect(stderr).toBe("");
  expect(stdout).toBe(fencedBlocks(page, "text")[0]);
  expect(code).toBe(0);
});

test("the tables have every field of a handler and of what it gets, and every option of a worker", async () => {
  const named = (heading: string): string[] => tableRows(page, heading).flatMap(([cell = ""]) => [...cell.matchAll(/`(--)?(\w+)/g)].map((match) => match[2] as string));
  expect(named("defineHandler")).toEqual(["name", "description", "input", "output", "pure", "light", "run"]);
  expect(named("What a handler gets").sort()).toEqual(["attempt", "heartbeat", "idempotencyKey", "input", "log", "progress", "signal", "task", "workflowId"]);
  const { stdout } = await runCli(["worker", "--help"]);
  expect(named("Worker processes")).toEqual([...stdout.matchAll(/^ {2}--(\w+)/gm)].map((match) => match[1]));
});
