/** A hundred thousand items: the page holds as many elements as for a few, and keeps drawing. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { submit } from "../api/graphqlClient.js";
import { screenshot } from "./browser.js";
import { useConsole } from "./console.js";

const shown = useConsole();

const ITEMS = 100_000;
const MOST_ELEMENTS = 1_000;

const WIDE = {
  definition: {
    name: "wide",
    groups: [
      {
        name: "index",
        tasks: [
          {
            name: "articles",
            handler: "transform",
            expansion: { custom: { expander: "range", args: { from: 0, to: ITEMS - 1 } }, toleratedFailures: ITEMS },
            input: { data: "{{ $index }}", expression: "$ % 1000 = 999 ? $error('broken') : $" },
          },
        ],
      },
    ],
  },
};

/** What the node says at each change of the page, and the most elements that there were. */
const OBSERVE = `
  window.seen = { texts: new Set(), elements: 0 };
  new MutationObserver(() => {
    seen.texts.add(document.querySelector(".task-items")?.textContent);
    seen.elements = Math.max(seen.elements, document.querySelectorAll("*").length);
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
`;

const elements = (page: Page) => page.evaluate("document.querySelectorAll('*').length") as Promise<number>;

test("while a hundred thousand items run, and afterwards, they are one node with a bar, and pages of 25", async () => {
  const id = await submit(shown.server, WIDE);
  const { page, complaints } = await shown.open({ at: `/workflows/${id}?task=index.articles` });
  await page.evaluate(OBSERVE);
  await page.locator(".title-line .badge", { hasText: "completed" }).waitFor({ timeout: 50_000 });
  await page.getByText("100,000 / 100,000").waitFor();
  // The bar moved while they ran.
  expect(await page.evaluate("seen.texts.size")).toBeGreaterThan(3);
  expect(await page.evaluate("seen.elements")).toBeLessThan(MOST_ELEMENTS);
  await page.getByRole("button", { name: "100 failed" }).click();
  const items = page.locator(".items .item");
  await expect.poll(() => items.first().innerText()).toMatch(/999/);
  for (const range of ["26–50", "51–75", "76–100"]) {
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText(`${range} of 100`).waitFor();
  }
  expect(await items.last().innerText()).toMatch(/99999/);
  expect(await elements(page)).toBeLessThan(MOST_ELEMENTS);
  await screenshot(page, "wide");

  await page.locator(".tabs a", { hasText: "context" }).click();
  await page.locator(".context-keys button", { hasText: "articles" }).click();
  await page.getByText("49: ").waitFor();
  expect(await elements(page)).toBeLessThan(MOST_ELEMENTS);
  expect(complaints).toEqual([]);
  await page.close();
}, 90_000);
