/** The editor: the server's plan is drawn before anything is submitted, and what is wrong leads to its line. */

import { expect, test } from "vitest";
import { data } from "../api/graphqlClient.js";
import { BROWSER_TIMEOUT_MS, screenshot, sideways } from "./browser.js";
import { useConsole } from "./console.js";

const shown = useConsole();

test("the plan of what is written is drawn, and what is submitted runs", async () => {
  const { page, complaints } = await shown.open({ at: "/submit" });
  await page.locator('[data-address="report.summary"]').waitFor();
  await page.getByText("2 levels").waitFor();
  expect((await data(shown.server, "{ workflows { totalCount } }")).workflows.totalCount).toBe(0);
  await screenshot(page, "submit");
  await page.getByRole("button", { name: "Submit" }).click();
  await page.locator(".title-line .badge", { hasText: "completed" }).waitFor();
  await page.locator('[data-address="report.summary"][data-status="COMPLETED"]').waitFor();
  expect(complaints).toEqual([]);
  await page.close();
}, BROWSER_TIMEOUT_MS);

test("problems stand at their lines, whether the text cannot be read, does not fit the schema or names what nobody writes", async () => {
  const { page } = await shown.open({ at: "/submit", width: 390 });
  const editor = page.getByRole("textbox");
  const lines = (task: string): string => `name: checked\ngroups:\n  - name: only\n    tasks:\n      - name: one\n${task}`;
  for (const [task, message, line] of [
    ["        handler: transform\n        input: { data: \"{{ nobody }}\", expression: $ }\n", "reads nobody", "7"],
    ["        handler: transform\n        handlr: 1\n", "handlr", "5"],
    ["        handler: [transform\n", "Flow sequence", "7"],
  ] as const) {
    await editor.fill(lines(task));
    await page.locator(".problems li", { hasText: message }).first().waitFor();
    await expect.poll(() => page.locator(".editor-gutter .marked").allInnerTexts()).toContain(line);
    expect(await page.getByRole("button", { name: "Submit" }).isDisabled()).toBe(true);
  }
  expect(await sideways(page)).toBe(0);
  await page.close();
}, BROWSER_TIMEOUT_MS);

test("the fields that the schema allows at the cursor complete what is typed", async () => {
  const { page } = await shown.open({ at: "/submit" });
  const editor = page.getByRole("textbox");
  await editor.fill("name: completed\ngroups:\n  - name: only\n    tasks:\n      - name: one\n        ret");
  await page.getByText("Repeats failed attempts").waitFor();
  await page.keyboard.press("Control+Space");
  expect(await editor.inputValue()).toMatch(/        retry: $/);
  await page.close();
}, BROWSER_TIMEOUT_MS);
