/** The README's examples do what it says, word for word. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { collect, connect, data } from "../api/graphqlClient.js";
import { runCli } from "../cli/runCli.js";
import { startTestServer } from "../support/testServer.js";
import { fencedBlocks, readPage } from "./markdown.js";

const page = readPage("README.md");
let server: Awaited<ReturnType<typeof startTestServer>>;

beforeAll(async () => { server = await startTestServer(); });
afterAll(async () => { await server?.stop(); });

interface Shown {
  seq: number;
  type: string;
}

/** The place of an event that other tasks run beside depends on who is quicker. */
function withoutSeq(events: readonly Shown[]): object[] {
  return events.map(({ seq: _seq, ...event }) => event);
}

test("the mutation and the subscription, as they are pasted, give the events that are shown", async () => {
  const [mutation = "", subscription = "", ...others] = fencedBlocks(page, "graphql");
  expect(others).toEqual([]);
  const { submitWorkflow } = await data(server, mutation);
  expect(submitWorkflow.problems).toEqual([]);
  const client = connect(server);
  const events = (await collect(client, subscription.replace('"<id>"', JSON.stringify(submitWorkflow.workflow.id)), {})).map((answer) => answer.workflowEvents as Shown);
  const shown = JSON.parse(fencedBlocks(page, "json")[0] ?? "") as Shown[];
  expect(withoutSeq(events)).toEqual(expect.arrayContaining(withoutSeq(shown)));
  expect(events).toHaveLength(shown.length);
  // From the pause's end on there is one order.
  expect(events.slice(-2)).toEqual(shown.slice(-2));
  expect(page).toContain(`all ${shown.at(-1)?.seq} come`);

  const everything = await collect(client, subscription.replace('"<id>"', JSON.stringify(submitWorkflow.workflow.id)).replace(/types: \[.*\]/, ""), {});
  expect(everything).toHaveLength(shown.at(-1)?.seq ?? 0);
  await client.dispose();
});

test("the README's lines of `submit --watch` are lines that it prints", async () => {
  const [shown = ""] = fencedBlocks(page, "text");
  const { code, stdout } = await runCli(["submit", "client-examples/workflows/countries.yaml", "--watch"], { env: { FANWIRE_URL: server.httpUrl } });
  expect(code).toBe(0);
  const [first = "", ...lines] = shown.trimEnd().split("\n");
  const last = lines.pop() ?? "";
  expect(first).toMatch(/^countries s0-[0-9A-Z]{26}$/);
  expect(last.replace(/in .*:/, "")).toBe(stdout.trimEnd().split("\n").at(-1)?.replace(/in .*:/, ""));
  const printed = stdout.split("\n");
  for (const line of lines.filter((text) => text.trim() !== "…")) expect(printed).toContain(line);
});
