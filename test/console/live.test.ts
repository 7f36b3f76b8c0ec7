/** The list and the graph: what the server records is seen without anybody asking for it. */

import { expect, test } from "vitest";
import { data, submit } from "../api/graphqlClient.js";
import { BROWSER_TIMEOUT_MS, screenshot, sideways } from "./browser.js";
import { useConsole } from "./console.js";

const shown = useConsole();

const SIGNAL = "mutation($input: SignalTaskInput!) { signalTask(input: $input) { problems { message } } }";

/** Waits for an answer in its middle, so that a test says when it goes on. */
function answered(name: string): object {
  return {
    definition: {
      name,
      groups: [
        {
          name: "prepare",
          tasks: [
            { name: "numbers", handler: "transform", input: { expression: "[1..60]" } },
            { name: "squares", handler: "transform", expansion: { array: { n: "numbers" } }, input: { data: "{{ n }}", expression: "$ * $" } },
          ],
        },
        {
          name: "publish",
          tasks: [
            { name: "release", handler: "approval", input: { prompt: "Publish the squares?" }, dependencies: ["squares"] },
            { name: "report", handler: "transform", input: { data: ["{{ squares }}", "{{ release }}"], expression: "$count($[0])" } },
          ],
        },
      ],
    },
    labels: { team: "numbers" },
  };
}

test.each([[1280, false], [390, true]])("at %i pixels a workflow's tasks are seen to change, and it is seen to end", async (width, dark) => {
  const id = await submit(shown.server, answered("squares"));
  const { page, complaints, hosts } = await shown.open({ at: `/workflows/${id}`, width, dark });
  const node = (task: string) => page.locator(`[data-address="${task}"]`);
  await page.locator('[data-address="publish.release"][data-status="WAITING"]').waitFor();
  expect(await node("prepare.squares").innerText()).toContain("60 / 60");
  expect(await node("publish.report").getAttribute("data-status")).toBe("PENDING");
  // 60 items are one node with a bar.
  expect(await page.locator(".task-node").count()).toBe(4);
  expect(await sideways(page)).toBe(0);
  await screenshot(page, `graph-${width}`);

  await data(shown.server, SIGNAL, { input: { workflowId: id, task: "publish.release" } });
  await page.locator('[data-address="publish.report"][data-status="COMPLETED"]').waitFor();
  await page.locator(".title-line .badge", { hasText: "completed" }).waitFor();
  expect([...hosts]).toEqual([new URL(shown.server.url).host]);
  expect(complaints).toEqual([]);
  await page.close();
}, BROWSER_TIMEOUT_MS);

test.each([1280, 390])("at %i pixels the list shows a workflow as soon as it is submitted, and its status as it changes", async (width) => {
  const name = `listed${width}`;
  const { page, complaints } = await shown.open({ at: `/workflows?q=${name}`, width });
  await page.getByText("No workflow matches").waitFor();
  const id = await submit(shown.server, answered(name));
  const row = page.locator(`a.row[href*="${id}"]`);
  await row.locator(".badge", { hasText: "running" }).waitFor();
  await data(shown.server, "mutation($id: ID!) { cancelWorkflow(id: $id) { problems { message } } }", { id });
  await row.locator(".badge", { hasText: "cancelled" }).waitFor();
  expect(await sideways(page)).toBe(0);
  expect(complaints).toEqual([]);
  await page.close();
}, BROWSER_TIMEOUT_MS);

test("status, name, label, session and id narrow the list, and the address keeps what was chosen", async () => {
  const [, other] = [await submit(shown.server, answered("one")), await submit(shown.server, { ...answered("two"), labels: { team: "letters" }, sessionId: "a-session" })];
  const { page } = await shown.open();
  const names = async () => new Set(await page.locator("a.row .row-name b").allInnerTexts());
  const search = page.getByRole("searchbox");
  await page.locator("a.row", { hasText: "one" }).first().waitFor();
  for (const text of ["two", "label:team=letters", "session:a-session", other]) {
    await page.keyboard.press("Escape");
    await search.fill("");
    await page.locator("a.row", { hasText: "one" }).first().waitFor();
    await search.fill(text);
    await expect.poll(names).toEqual(new Set(["two"]));
  }
  await page.getByRole("button", { name: "failed" }).click();
  await search.fill("two");
  await page.getByText("No workflow matches").waitFor();
  expect(new URL(page.url()).hash).toBe("#/workflows?q=two&status=FAILED");
  await page.reload();
  await page.getByText("No workflow matches").waitFor();
  await screenshot(page, "list-empty");
  await page.close();
}, BROWSER_TIMEOUT_MS);

test("the page and its assets come from this shown.server, under the policy of the GraphiQL page", async () => {
  const [page, graphiql] = await Promise.all(["/console", "/graphiql"].map((path) => fetch(new URL(path, shown.server.url))));
  expect([page?.status, page?.headers.get("content-type"), page?.headers.get("cache-control")]).toEqual([200, "text/html; charset=utf-8", "no-cache"]);
  expect(page?.headers.get("content-security-policy")).toMatch(/default-src 'none'; script-src 'self';/);
  expect(page?.headers.get("content-security-policy")).toBe(graphiql?.headers.get("content-security-policy"));
  expect((await fetch(new URL("/console/nothing.js", shown.server.url))).status).toBe(404);
});
