/** What the tests of handlers share: running one attempt, and real HTTP servers on loopback. */

import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import type { FanwireError } from "../../../src/errors.js";
import type { Handler, HandlerAnswer, HandlerContext } from "../../../src/engine/handlers.js";
import type { JsonValue } from "../../../src/workflow/json.js";

export interface LogEntry {
  message: string;
  data?: JsonValue;
}

export function contextOf(input: JsonValue, more: Partial<HandlerContext> & { logged?: LogEntry[] } = {}): HandlerContext {
  return {
    input, workflowId: "s0-TEST", task: "main.task", attempt: 1, idempotencyKey: "s0-TEST/main.task",
    signal: new AbortController().signal, progress: () => undefined, heartbeat: () => undefined,
    log: (message, data) => void more.logged?.push({ message, ...(data === undefined ? {} : { data }) }),
    ...more,
  };
}

export async function run(handler: Handler, input: JsonValue, more: Partial<HandlerContext> & { logged?: LogEntry[] } = {}): Promise<HandlerAnswer> {
  return handler.run(contextOf(input, more));
}

/** The error an attempt fails with. @throws Error when it does not fail. */
export async function failureOf(attempt: Promise<unknown>): Promise<FanwireError> {
  const outcome = await attempt.then((result) => ({ result }), (error: unknown) => ({ error }));
  if ("result" in outcome) throw new Error(`It did not fail but answered ${JSON.stringify(outcome.result)}`);
  return outcome.error as FanwireError;
}

export interface LocalServer {
  origin: string;
  port: number;
  /** Connections accepted so far: 0 proves that nobody got through. */
  connections(): number;
}

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A server on 127.0.0.1 that lives until the end of the test. */
export async function serve(listener: RequestListener): Promise<LocalServer> {
  let connections = 0;
  const server = createServer(listener).on("connection", () => void (connections += 1));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closers.push(() => new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  }));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, connections: () => connections };
}
