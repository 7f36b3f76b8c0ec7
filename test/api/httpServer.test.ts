/** The listener: connections are kept, slow ones are cut, and closing waits for answers but not for idlers. */

import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createHttpServer, HTTP_TIMEOUTS } from "../../src/api/httpServer.js";
import type { HttpServer } from "../../src/api/httpServer.js";
import { startTestServer } from "../support/testServer.js";
import { waitFor } from "../support/waitFor.js";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const answerOk = (_request: IncomingMessage, response: ServerResponse) => void response.end("ok");
const QUICK = { ...HTTP_TIMEOUTS, headersMs: 150, requestMs: 300, checkMs: 25 };

async function listen(server: HttpServer): Promise<number> {
  server.http.listen(0, "127.0.0.1");
  await once(server.http, "listening");
  cleanups.push(() => server.close(0));
  return (server.http.address() as AddressInfo).port;
}

/** A bare connection: what it got so far, and whether the other side ended it. */
function open(port: number): { socket: Socket; text(): string; ended(): boolean } {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let ended = false;
  socket.on("data", (chunk) => (text += String(chunk))).on("end", () => (ended = true)).on("error", () => (ended = true)).on("close", () => (ended = true));
  cleanups.push(() => socket.destroy());
  return { socket, text: () => text, ended: () => ended };
}

const GET = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

test("a connection serves one request after the other", async () => {
  const connection = open(await listen(createHttpServer(answerOk)));
  for (const count of [1, 2, 3]) {
    connection.socket.write(GET);
    await waitFor(() => connection.text().split("HTTP/1.1 200").length - 1 === count, { what: `answer ${count}` });
  }
  expect(connection.text()).not.toMatch(/connection: close/i);
  expect(connection.text()).toMatch(/keep-alive: timeout=65/i);
});

test.each([
  ["headers that never end", "GET / HTTP/1.1\r\nhost: x\r\n"],
  ["a body that never ends", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1"],
])("%s are answered 408 and the connection is closed", async (_what, text) => {
  const connection = open(await listen(createHttpServer(() => undefined, QUICK)));
  connection.socket.write(text);
  await waitFor(connection.ended, { what: "the end of the connection" });
  expect(connection.text()).toMatch(/^HTTP\/1.1 408/);
});

test("closing ends idle connections at once and the others with their answer, which says so", async () => {
  const waiting: ServerResponse[] = [];
  const server = createHttpServer((request, response) => (request.url === "/slow" ? void waiting.push(response) : response.end("ok")));
  const port = await listen(server);
  const [idle, busy] = [open(port), open(port)];
  idle.socket.write(GET);
  busy.socket.write(GET.replace("/", "/slow"));
  await waitFor(() => idle.text() !== "" && waiting.length === 1, { what: "both requests" });
  let closed = false;
  const closing = server.close(60_000).then(() => (closed = true));
  await waitFor(idle.ended, { what: "the end of the idle connection" });
  expect([busy.ended(), closed]).toEqual([false, false]);
  waiting[0]?.end("done");
  await closing;
  await waitFor(busy.ended, { what: "the end of the busy connection" });
  expect(busy.text()).toMatch(/^HTTP\/1.1 200[^]*connection: close[^]*done$/i);
});

test("closing cuts what does not end within the grace", async () => {
  const server = createHttpServer(() => undefined);
  const connection = open(await listen(server));
  const begun = once(server.http, "request");
  connection.socket.write(GET);
  await begun;
  await server.close(50);
  await waitFor(connection.ended, { what: "the end of the connection" });
  expect(connection.text()).toBe("");
});

test("a server that stops answers the operation that is under way, and takes no more", async () => {
  const server = await startTestServer();
  const agent = new Agent({ keepAlive: true });
  cleanups.push(() => agent.destroy());
  const body = JSON.stringify({ query: "{ serverInfo { version } }" });
  const outgoing = httpRequest(server.httpUrl, { method: "POST", agent, headers: { "content-type": "application/json", "content-length": body.length } });
  const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
  outgoing.write(body.slice(0, 10));
  await once(outgoing, "socket");
  // The server has the head of the request when it has answered another one that was sent after it.
  await fetch(new URL("/healthz", server.url)).then((response) => response.text());
  const stopped = server.stop();
  outgoing.end(body.slice(10));
  const [response] = await answered;
  let text = "";
  for await (const chunk of response) text += String(chunk);
  expect([response.statusCode, response.headers.connection]).toEqual([200, "close"]);
  expect(JSON.parse(text)).toMatchObject({ data: { serverInfo: {} } });
  await stopped;
  await expect(fetch(new URL("/healthz", server.url))).rejects.toThrow();
});
