/** What the console tells of one task and of its items, and what can be done with a workflow from there. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { data, submit } from "../api/graphqlClient.js";
import { BROWSER_TIMEOUT_MS, screenshot, sideways } from "./browser.js";
import { useConsole } from "./console.js";

const shown = useConsole();

const workflow = (id: string) => data(shown.server, "query($id: ID!) { workflow(id: $id) { status context error { message } rerunOf { id } } }", { id }).then((answer) => answer.workflow);
const node = (page: Page, address: string) => page.locator(`[data-address="${address}"]`);

const ORDERS = {
  definition: {
    name: "orders",
    externalKeys: ["budget"],
    groups: [
      {
        name: "check",
        tasks: [
          { name: "stock", handler: "fail", input: { code: "BUSY", message: "The store is busy.", untilAttempt: 2, result: { pieces: 7 } }, retry: { initialDelay: "1ms" } },
          {
            name: "lines",
            handler: "transform",
            expansion: { array: { line: "numbers" }, toleratedFailures: 1000, identifier: "l{{ line }}" },
            input: { data: "{{ line }}", expression: "$ % 10 = 0 ? $error('no such article') : {'article': $}" },
          },
        ],
      },
      {
        name: "decide",
        tasks: [
          { name: "approve", handler: "approval", input: { prompt: "Buy it all?" }, dependencies: ["lines", "stock"], resultKeys: ["approved"] },
          { name: "order", handler: "transform", input: { data: ["{{ approved }}", "{{ budget }}"], expression: "$" } },
        ],
      },
    ],
  },
  context: { numbers: Array.from({ length: 94 }, (_, index) => index + 2) },
};

test("a task shows its attempts, errors, input, result and why it waits; answers and context given there let the workflow go on", async () => {
  const id = await submit(shown.server, ORDERS);
  const { page, complaints } = await shown.open({ at: `/workflows/${id}` });
  await node(page, "check.stock").and(page.locator('[data-status="COMPLETED"]')).click();
  const panel = page.locator(".panel");
  await panel.locator(".attempts li").nth(1).waitFor();
  expect(await panel.locator(".attempts").innerText()).toMatch(/2[\s\S]*1[\s\S]*BUSY The store is busy\./);
  expect(await panel.innerText()).toContain("pieces: 7");

  await node(page, "decide.approve").and(page.locator('[data-status="WAITING"]')).click();
  await panel.getByText("Buy it all?").first().waitFor();
  await screenshot(page, "task-approval");
  await panel.getByRole("textbox").fill('{"by": "Ada"');
  expect(await panel.getByRole("button", { name: "Approve" }).isDisabled()).toBe(true);
  await panel.getByRole("textbox").fill('{"by": "Ada"}');
  await panel.getByRole("button", { name: "Approve" }).click();
  await panel.locator(".badge", { hasText: "completed" }).waitFor();

  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  await node(page, "decide.order").focus();
  await page.keyboard.press("Enter");
  await panel.locator(".reasons", { hasText: "budget" }).waitFor();
  await page.getByRole("button", { name: "Provide context" }).click();
  await page.locator("dialog textarea").fill("500");
  await page.getByRole("button", { name: "Provide", exact: true }).click();
  await page.locator(".title-line .badge", { hasText: "completed" }).waitFor();
  expect((await workflow(id)).context.order).toEqual([{ outcome: "APPROVE", payload: { by: "Ada" } }, 500]);
  expect(complaints).toEqual([]);
  await page.close();
}, BROWSER_TIMEOUT_MS);

test("items come in pages, by status, each with its variables and its result or error", async () => {
  const id = await submit(shown.server, ORDERS);
  const { page, complaints } = await shown.open({ at: `/workflows/${id}?task=check.lines`, width: 390 });
  const items = page.locator(".items .item");
  await page.locator(".panel .badge", { hasText: "completed" }).waitFor();
  await expect.poll(() => items.count()).toBe(25);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("26–50 of 94").waitFor();
  expect(await items.first().innerText()).toContain("l27");
  await items.first().getByRole("button").first().click();
  await items.first().getByText("article: 27").waitFor();

  await page.getByRole("button", { name: "9 failed" }).click();
  await expect.poll(() => items.count()).toBe(9);
  await items.nth(1).getByRole("button").first().click();
  await items.nth(1).getByText("line: 20").waitFor();
  expect(await items.nth(1).locator(".error-text").innerText()).toContain("no such article");
  expect(await sideways(page)).toBe(0);
  await screenshot(page, "items-390");
  expect(complaints).toEqual([]);
  await page.close();
}, BROWSER_TIMEOUT_MS);

test("a workflow is paused, resumed, cancelled with a reason, retried and run once more", async () => {
  const id = await submit(shown.server, ORDERS);
  const { page, complaints } = await shown.open({ at: `/workflows/${id}` });
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const status = (text: string) => page.locator(".title-line .badge", { hasText: text }).waitFor();
  await button("Pause").click();
  await status("paused");
  await button("Resume").click();
  await status("running");
  await button("Cancel").click();
  await page.locator("dialog input").fill("Ordered twice.");
  await screenshot(page, "cancel");
  await button("Cancel the workflow").click();
  await status("cancelled");
  expect((await workflow(id)).error.message).toContain("Ordered twice.");

  await button("Retry").click();
  await status("running");
  await node(page, "decide.approve").and(page.locator('[data-status="WAITING"]')).waitFor();
  // It is followed again, and an end that somebody else undoes is seen as well.
  await data(shown.server, "mutation($id: ID!) { cancelWorkflow(id: $id) { problems { message } } }", { id });
  await status("cancelled");
  await data(shown.server, "mutation($id: ID!) { retryWorkflow(id: $id) { problems { message } } }", { id });
  await status("running");
  await button("Rerun").click();
  await page.locator("dialog").getByRole("button", { name: "Rerun" }).click();
  await page.getByText("rerun of").waitFor();
  const rerun = decodeURIComponent(new URL(page.url()).hash.split("/")[2] ?? "");
  expect((await workflow(rerun)).rerunOf.id).toBe(id);
  expect(complaints).toEqual([]);
  await page.close();
}, BROWSER_TIMEOUT_MS);
