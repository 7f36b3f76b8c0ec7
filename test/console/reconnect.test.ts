/** The server goes away and comes back: the console says so, keeps what it shows, and goes on by itself. */

import { expect, test } from "vitest";
import { data, submit } from "../api/graphqlClient.js";
import { freePort } from "../support/ports.js";
import { startTestServer } from "../support/testServer.js";
import { BROWSER_TIMEOUT_MS, screenshot } from "./browser.js";
import { useConsole } from "./console.js";

const shown = useConsole(async () => ({ config: { port: await freePort() } }));

const ASKS = {
  definition: {
    name: "asks",
    groups: [{ name: "only", tasks: [{ name: "ask", handler: "signal", input: {} }, { name: "after", handler: "transform", input: { data: "{{ ask }}", expression: "$" } }] }],
  },
};

test("after a restart of the shown.server the graph and the event log go on where they stopped", async () => {
  const id = await submit(shown.server, ASKS);
  const graph = await shown.open({ at: `/workflows/${id}` });
  const log = await shown.open({ at: `/workflows/${id}/events` });
  await graph.page.locator('[data-address="only.ask"][data-status="WAITING"]').waitFor();
  await log.page.locator(".event-rows li").first().getByText("task waiting").waitFor();
  const { port, keyPrefix } = shown.server.config;

  await shown.server.stop();
  await graph.page.getByText("Reconnecting.").waitFor();
  await log.page.getByText("Reconnecting.").waitFor();
  expect(await graph.page.locator('[data-address="only.ask"][data-status="WAITING"]').count()).toBe(1);
  await screenshot(graph.page, "reconnecting");

  shown.server = await startTestServer({ config: { port, keyPrefix } });
  await graph.page.getByText("Reconnecting.").waitFor({ state: "detached" });
  await data(shown.server, "mutation($input: SignalTaskInput!) { signalTask(input: $input) { problems { message } } }", { input: { workflowId: id, task: "only.ask", payload: 1 } });
  await graph.page.locator('[data-address="only.after"][data-status="COMPLETED"]').waitFor();
  await log.page.locator(".event-rows li").first().getByText("workflow completed").waitFor();
  const seqs = (await log.page.locator(".event-rows .seq").allInnerTexts()).map(Number);
  expect(seqs).toEqual(Array.from(seqs, (_, index) => seqs.length - index));
  expect(seqs.at(-1)).toBe(1);
  await Promise.all([graph.page.close(), log.page.close()]);
}, BROWSER_TIMEOUT_MS);
