/** A server and a browser for the tests of a file, started before them and ended after. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { startTestServer, type TestServer } from "../support/testServer.js";
import type { Watched } from "../support/watchPage.js";
import { BROWSER_TIMEOUT_MS, launchBrowser, openConsole, type PageOptions } from "./browser.js";

export interface ConsoleTest {
  /** May be replaced by the test; the one that is there at the end is stopped. */
  server: TestServer;
  open(options?: PageOptions): Promise<Watched>;
}

/** @param options of the server */
export function useConsole(options: () => Promise<Parameters<typeof startTestServer>[0]> = () => Promise.resolve(undefined)): ConsoleTest {
  let browser: Browser | undefined;
  const used = { open: (page?: PageOptions) => openConsole(browser as Browser, used.server.url, page) } as ConsoleTest;
  beforeAll(async () => { [used.server, browser] = await Promise.all([startTestServer(await options()), launchBrowser()]); }, BROWSER_TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await used.server?.stop();
  });
  return used;
}
