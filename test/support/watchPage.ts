import type { Page } from "playwright-core";

export interface Watched {
  page: Page;
  /** Console errors, uncaught exceptions, failed requests. */
  complaints: string[];
  /** That it talked to. */
  hosts: Set<string>;
}

/** Notes what a page complains of, and whom it talks to, from now on. */
export function watchPage(page: Page): Watched {
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  page.on("request", (request) => request.url().startsWith("http") && hosts.add(new URL(request.url()).host));
  page.on("websocket", (socket) => hosts.add(new URL(socket.url()).host));
  return { page, complaints, hosts };
}
