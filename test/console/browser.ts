/** The console in a real browser against a real server. */

import { access, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { chromiumLaunchOptions } from "../support/chromium.js";
import { watchPage, type Watched } from "../support/watchPage.js";

export const BROWSER_TIMEOUT_MS = 60_000;

export async function launchBrowser(): Promise<Browser> {
  await access(new URL("../../dist/console/index.html", import.meta.url)).catch(() => {
    throw new Error("The page is not built: run `npm run build` first.");
  });
  return chromium.launch(await chromiumLaunchOptions());
}

export interface PageOptions {
  /** Behind the #. */
  at?: string;
  width?: number;
  dark?: boolean;
}

export async function openConsole(browser: Browser, url: string, options: PageOptions = {}): Promise<Watched> {
  const width = options.width ?? 1280;
  const page = await browser.newPage({ viewport: { width, height: width < 600 ? 844 : 800 }, colorScheme: options.dark ? "dark" : "light" });
  page.setDefaultTimeout(10_000);
  const watched = watchPage(page);
  await page.goto(new URL(`/console#${options.at ?? "/workflows"}`, url).href);
  return watched;
}

let folder: Promise<string> | undefined;

/** For people to look at: in CONSOLE_SCREENSHOTS, or in a folder of its own. */
export async function screenshot(page: Page, name: string): Promise<void> {
  folder ??= process.env.CONSOLE_SCREENSHOTS ? Promise.resolve(process.env.CONSOLE_SCREENSHOTS) : mkdtemp(join(tmpdir(), "fanwire-console-"));
  await page.screenshot({ path: join(await folder, `${name}.png`) });
}

/** Nothing sticks out to the side of what the page is wide. */
export async function sideways(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") as Promise<number>;
}
