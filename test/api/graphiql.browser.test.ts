/** The GraphiQL page in a real browser: the ready tabs submit a workflow and watch it, and nothing leaves the server's host. */

import { access, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chromiumLaunchOptions } from "../support/chromium.js";
import { watchPage, type Watched } from "../support/watchPage.js";
import { startTestServer } from "../support/testServer.js";

const BROWSER_TIMEOUT_MS = 60_000;

let server: Awaited<ReturnType<typeof startTestServer>>;
let browser: Browser;

beforeAll(async () => {
  await access(new URL("../../dist/graphiql/index.html", import.meta.url)).catch(() => {
    throw new Error("The page is not built: run `npm run build` first.");
  });
  server = await startTestServer();
  browser = await chromium.launch(await chromiumLaunchOptions());
}, BROWSER_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function openPage(path: string): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultTimeout(30_000);
  const watched = watchPage(page);
  await page.goto(new URL(path, server.url).href);
  // The editors load after the page; before they are there, clicks go nowhere.
  await page.locator(".graphiql-query-editor .view-line", { hasText: "{" }).first().waitFor();
  return watched;
}

async function openTab(page: Page, name: string): Promise<void> {
  await page.locator(".graphiql-tab", { hasText: name }).first().click();
  await page.locator(".graphiql-query-editor", { hasText: name }).waitFor();
}

async function run(page: Page): Promise<void> {
  await page.locator(".graphiql-execute-button").click();
}

/** Monaco draws spaces as no-break spaces, and only the lines that are in sight. */
async function waitForResponse(page: Page, pattern: RegExp): Promise<string> {
  const response = page.locator(".result-window");
  await expect.poll(async () => (await response.innerText()).replaceAll("\u00a0", " "), { timeout: 20_000 }).toMatch(pattern);
  return (await response.innerText()).replaceAll("\u00a0", " ");
}

async function setVariables(page: Page, variables: object): Promise<void> {
  await page.locator(".graphiql-editor-tool .monaco-editor:visible").first().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(JSON.stringify(variables));
  // The editor has closed brackets and quotes by itself: what stands behind the cursor goes again.
  await page.keyboard.press("Control+Shift+End");
  await page.keyboard.press("Delete");
}

test("the ready tabs submit a workflow and watch its events arrive", async () => {
  const { page, complaints, hosts } = await openPage("/graphiql");
  expect(await page.title()).toBe("Fanwire");
  for (const name of ["Submit", "Watch", "List", "Plan"]) expect(await page.locator(".graphiql-tab", { hasText: name }).count()).toBe(1);

  await openTab(page, "Submit");
  await run(page);
  const submitted = await waitForResponse(page, /"problems": \[\]/);
  const id = /"id": "([^"]+)"/.exec(submitted)?.[1];
  expect(id).toBeDefined();

  await openTab(page, "Watch");
  await setVariables(page, { id });
  const frames: string[] = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
  await run(page);
  await expect.poll(() => frames.filter((frame) => frame.includes('"type":"WORKFLOW_COMPLETED"')).length, { timeout: 20_000 }).toBe(1);
  await waitForResponse(page, /"workflowEvents"/);
  expect(frames.some((frame) => frame.includes('"type":"WORKFLOW_SUBMITTED"'))).toBe(true);

  const screenshot = join(await mkdtemp(join(tmpdir(), "fanwire-graphiql-")), "watch.png");
  await page.screenshot({ path: screenshot });
  await access(screenshot);
  expect([...hosts]).toEqual([new URL(server.url).host]);
  expect(complaints).toEqual([]);
  await page.close();
}, BROWSER_TIMEOUT_MS);

test("the page and its assets are served with their types, cached by what they are, and may load from this server only", async () => {
  const page = await fetch(new URL("/graphiql", server.url));
  const html = await page.text();
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  expect(page.headers.get("content-security-policy")).toMatch(/default-src 'none'; script-src 'self';.*frame-ancestors 'none'/);
  const script = await fetch(new URL(/src="([^"]+\.js)"/.exec(html)?.[1] ?? "", server.url));
  expect([script.status, script.headers.get("content-type"), script.headers.get("cache-control")]).toEqual([
    200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable",
  ]);
});

test("the tabs List and Plan answer without errors", async () => {
  const { page, complaints } = await openPage("/graphiql");
  await openTab(page, "List");
  await run(page);
  await waitForResponse(page, /"totalCount": \d+/);
  await openTab(page, "Plan");
  await run(page);
  await waitForResponse(page, /"valid": true/);
  expect(complaints).toEqual([]);
  await page.close();
}, BROWSER_TIMEOUT_MS);

test("a link can carry an operation", async () => {
  const { page } = await openPage(`/graphiql?query=${encodeURIComponent("query Linked { serverInfo { version } }")}`);
  await page.locator(".graphiql-query-editor", { hasText: "Linked" }).waitFor();
  await run(page);
  await waitForResponse(page, /"version": "/);
  await page.close();
}, BROWSER_TIMEOUT_MS);
