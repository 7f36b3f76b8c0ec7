/** What the http handler sends, what it makes of answers, and how it fails, against real servers on loopback. */

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { MOST_BODY_BYTES } from "../../../../src/worker/handlers/http/body.js";
import { httpHandler } from "../../../../src/worker/handlers/http.js";
import type { JsonObject, JsonValue } from "../../../../src/workflow/json.js";
import { failureOf, run, serve } from "../support.js";

const http = httpHandler({ isAllowed: () => true });
const send = async (input: JsonValue): Promise<JsonObject> => (await run(http, input)) as JsonObject;

interface Seen {
  method?: string;
  url?: string;
  headers: IncomingMessage["headers"];
  body: string;
}

async function seen(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() };
}

/** A server that answers with what it saw. */
const echo = () => serve((request, response) => {
  void seen(request).then((what) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(what)));
});

describe("the request", () => {
  test("carries method, headers, query and a JSON body", async () => {
    const { origin } = await echo();
    const { body } = await send({
      url: `${origin}/a%20b?x=1#part`, method: "post", headers: { "X-Key": "k", "x-number": 5, "x-none": null },
      query: { q: "ä&b", n: 2, list: ["a", "b"], none: null }, body: { a: [1, null] },
    });
    expect(body).toMatchObject({
      method: "POST", url: "/a%20b?x=1&q=%C3%A4%26b&n=2&list=a&list=b", body: '{"a":[1,null]}',
      headers: { "x-key": "k", "x-number": "5", "content-type": "application/json", "content-length": "14", "user-agent": "fanwire" },
    });
    expect((body as unknown as Seen).headers).not.toHaveProperty("x-none");
  });

  test.each([
    ["plain words", {}, "plain words", "text/plain;charset=utf-8"],
    ["<a/>", { "Content-Type": "text/xml" }, "<a/>", "text/xml"],
    [[1], { "content-type": "application/vnd.x+json" }, "[1]", "application/vnd.x+json"],
    [false, {}, "false", "application/json"],
    [null, {}, "", undefined],
  ])("the body %j with the headers %j is sent as %j, %s", async (input, headers, body, contentType) => {
    const { origin } = await echo();
    const answer = (await send({ url: origin, method: "PUT", headers, body: input })).body as unknown as Seen;
    expect(answer.body).toBe(body);
    expect(answer.headers["content-type"]).toBe(contentType);
  });

  test.each([
    [{ url: null }, "url"], [{ url: "" }, "url"], [{ url: 5 }, "url"], [{ url: "/relative" }, "url"], [{ url: "ftp://example.com/" }, "url"], [{ url: "file:///etc/passwd" }, "url"],
    [{ url: "http://user:secret@example.com/" }, "url"], [{ url: "http://999.1.1.1/" }, "url"], [{ method: "CONNECT" }, "method"], [{ method: "TRACE" }, "method"],
    [{ method: "GET / HTTP/1.1\r\nX: y" }, "method"], [{ headers: [] }, "headers"], [{ headers: { "a b": "x" } }, "headers.a b"], [{ headers: { a: "x\r\nb: y" } }, "headers.a"],
    [{ headers: { a: "\u0000" } }, "headers.a"], [{ headers: { a: {} } }, "headers.a"], [{ headers: { A: "1", a: "2" } }, "headers.a"], [{ headers: { Host: "inside" } }, "headers.Host"],
    [{ headers: { "transfer-encoding": "chunked" } }, "headers.transfer-encoding"], [{ headers: { "content-length": "1" } }, "headers.content-length"],
    [{ query: "a=b" }, "query"], [{ query: { a: {} } }, "query.a"], [{ timeout: "0s" }, "timeout"], [{ timeout: 5 }, "timeout"], [{ timeout: "2d" }, "timeout"],
    [{ retryOn: 503 }, "retryOn"], [{ retryOn: [503, "429"] }, "retryOn[1]"], [{ retryOn: [200] }, "retryOn[0]"], [{ methods: "GET" }, "methods"],
  ])("%j is refused at %s without repeating the value", async (input, field) => {
    const failure = await failureOf(run(http, { url: "http://127.0.0.1:9/", ...input } as JsonValue));
    expect(failure).toMatchObject({ code: "INPUT_INVALID", retryable: false, details: { field } });
    expect(failure.message).toContain(field);
    expect(failure.message).not.toContain("secret");
  });
});

describe("the answer", () => {
  const answering = async (headers: Record<string, string | string[]>, body: string | Buffer, status = 200) =>
    send({ url: (await serve((_, response) => void response.writeHead(status, headers).end(body))).origin });

  test.each<[string, string | Buffer, JsonValue]>([
    ["application/json", '{"b":1,"a":[]}', { b: 1, a: [] }], ["application/problem+json; charset=utf-8", "[1.5]", [1.5]], ["application/json", "", null],
    ["text/plain", '{"a":1}', '{"a":1}'], ["text/html; charset=iso-8859-1", Buffer.from([0xe4]), "ä"], ["text/plain", "", ""],
    ["image/png", Buffer.from([0x89, 0xff, 0]), { base64: "if8A" }],
  ])("of type %s with %j is read as %j", async (type, body, expected) => {
    expect(await answering({ "content-type": type }, body)).toMatchObject({ status: 200, body: expected });
  });

  test("gives status and headers, repeated cookies as a list", async () => {
    const answer = await answering({ "Set-Cookie": ["a=1", "b=2"], "X-One": "1" }, "", 201);
    expect(answer).toMatchObject({ status: 201, headers: { "set-cookie": ["a=1", "b=2"], "x-one": "1" } });
  });

  test("that says JSON and is none fails", async () => {
    expect(await failureOf(answering({ "content-type": "application/json" }, "{"))).toMatchObject({ code: "HTTP_FAILED" });
  });

  test.each([["gzip", gzipSync], ["br", brotliCompressSync], ["deflate", deflateSync]] as const)("in %s is decompressed", async (encoding, compress) => {
    expect(await answering({ "content-encoding": encoding }, compress("words ".repeat(1000)))).toMatchObject({ body: "words ".repeat(1000) });
  });

  test.each(["zstd", "gzip, gzip"])("in the encoding %s, which was not asked for, fails", async (encoding) => {
    expect(await failureOf(answering({ "content-encoding": encoding }, "x"))).toMatchObject({ code: "HTTP_FAILED", retryable: false });
  });

  test("whose compression is damaged fails", async () => {
    expect(await failureOf(answering({ "content-encoding": "gzip" }, gzipSync("words").subarray(0, 12)))).toMatchObject({ code: "HTTP_FAILED" });
  });

  test("to HEAD has no body, whatever its headers announce", async () => {
    const { origin } = await serve((_, response) => void response.writeHead(200, { "content-encoding": "gzip", "content-length": "99999999" }).end());
    expect(await send({ url: origin, method: "HEAD" })).toMatchObject({ status: 200, body: "" });
  });

  test("of exactly the limit is read, one byte more is not", async () => {
    const whole = Buffer.alloc(MOST_BODY_BYTES, "a");
    expect((await answering({}, whole)).body).toHaveLength(MOST_BODY_BYTES);
    expect(await failureOf(answering({}, Buffer.concat([whole, whole.subarray(0, 1)])))).toMatchObject({ code: "HTTP_TOO_LARGE", retryable: false });
    expect(await failureOf(answering({ "transfer-encoding": "chunked" }, Buffer.concat([whole, whole.subarray(0, 1)])))).toMatchObject({ code: "HTTP_TOO_LARGE" });
  });

  test("that is small but decompresses beyond the limit is not read", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await failureOf(answering({ "content-encoding": "gzip" }, bomb))).toMatchObject({ code: "HTTP_TOO_LARGE" });
  });

  test("that announces more than the limit is not waited for", async () => {
    const { origin } = await serve((_, response) => void response.writeHead(200, { "content-length": String(MOST_BODY_BYTES + 1) }).flushHeaders());
    expect(await failureOf(run(http, { url: origin, timeout: "5s" }))).toMatchObject({ code: "HTTP_TOO_LARGE" });
  });

  test("that never ends is cut off at the limit", async () => {
    const { origin } = await serve((_, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(256 * 1024), () => setImmediate(more));
      };
      more();
    });
    expect(await failureOf(run(http, { url: origin }))).toMatchObject({ code: "HTTP_TOO_LARGE" });
  });
});

describe("a status of 400 and above", () => {
  test.each([
    [400, [], false], [401, [], false], [404, [], false], [404, [404], true], [408, [], true], [409, [], false], [409, [404, 409], true],
    [425, [], true], [429, [], true], [500, [], true], [503, [], true], [599, [], true],
  ])("%d with retryOn %j: retryable %j", async (status, retryOn, retryable) => {
    const { origin } = await serve((_, response) => void response.writeHead(status, { "retry-after": "7" }).end("what is wrong"));
    const failure = await failureOf(run(http, { url: `${origin}/?token=hidden`, retryOn }));
    expect(failure).toMatchObject({ code: `HTTP_${status}`, retryable, details: { status, body: "what is wrong", retryAfter: "7" } });
    expect(failure.message).not.toContain("hidden");
  });
});

test.each<[string, Record<string, string>, Buffer]>([
  ["beyond the limit", {}, Buffer.alloc(MOST_BODY_BYTES + 1)], ["damaged", { "content-encoding": "gzip" }, Buffer.from("no gzip")], ["not JSON", { "content-type": "application/json" }, Buffer.from("{")],
])("a body %s does not hide the status", async (_, headers, body) => {
  const { origin } = await serve((_, response) => void response.writeHead(503, headers).end(body));
  expect(await failureOf(run(http, { url: origin }))).toMatchObject({ code: "HTTP_503", retryable: true });
});

describe("redirects", () => {
  const chain = (length: number) => serve((request, response) => {
    const step = Number(request.url!.slice(1));
    if (step < length) response.writeHead(302, { location: `/${step + 1}` }).end();
    else response.end("arrived");
  });

  test("are followed five times, not six", async () => {
    expect(await send({ url: `${(await chain(5)).origin}/0` })).toMatchObject({ body: "arrived" });
    expect(await failureOf(run(http, { url: `${(await chain(6)).origin}/0` }))).toMatchObject({ code: "HTTP_FAILED", retryable: false });
  });

  test.each([
    [301, "POST", "GET"], [302, "POST", "GET"], [303, "PUT", "GET"], [303, "HEAD", "HEAD"], [307, "POST", "POST"], [308, "PUT", "PUT"], [302, "DELETE", "DELETE"],
  ])("%d turns %s into %s, with the body only if the method stays", async (status, method, then) => {
    const arrived: Seen[] = [];
    const { origin } = await serve((request, response) => {
      if (request.url === "/") response.writeHead(status, { location: "/there" }).end();
      else void seen(request).then((what) => { arrived.push(what); response.end(); });
    });
    await send({ url: origin, method, ...(method === "HEAD" ? {} : { body: "text" }) });
    expect(arrived).toMatchObject([{ method: then, body: then === method && method !== "HEAD" ? "text" : "" }]);
    expect(arrived[0]!.headers["content-type"] !== undefined).toBe(then === method && method !== "HEAD");
  });

  test.each([["another", ["accept", "content-type", "host", "user-agent"]], ["the same", ["accept", "authorization", "cookie", "host", "x-api-key"]]])(
    "to %s origin carry just the headers that may go there", async (where, names) => {
      const other = await echo();
      const first = await serve((request, response) => {
        if (request.url === "/") response.writeHead(307, { location: where === "another" ? `${other.origin}/x` : "/x" }).end();
        else void seen(request).then((what) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(what)));
      });
      const headers = { authorization: "Bearer s", cookie: "s=1", "x-api-key": "s", accept: "*/*" };
      const arrived = (await send({ url: first.origin, method: "POST", body: "x", headers })).body as unknown as Seen;
      expect(Object.keys(arrived.headers)).toEqual(expect.arrayContaining(names));
      if (where === "another") expect(JSON.stringify(arrived.headers)).not.toMatch(/authorization|cookie|x-api-key/);
    });

  test("without a Location are answers like any other", async () => {
    const { origin } = await serve((_, response) => void response.writeHead(302).end("here"));
    expect(await send({ url: origin })).toMatchObject({ status: 302, body: "here" });
  });
});

describe("time and connections", () => {
  test.each(["before the headers", "within the body", "within a compressed body"])("a server silent %s ends in TIMEOUT and loses its connection", async (when) => {
    const gone: Promise<unknown>[] = [];
    const { origin } = await serve((request, response) => {
      gone.push(once(request.socket, "close"));
      if (when === "within the body") response.write("some");
      if (when === "within a compressed body") response.writeHead(200, { "content-encoding": "gzip" }).write(gzipSync("some").subarray(0, 12));
    });
    expect(await failureOf(run(http, { url: origin, timeout: "400ms" }))).toMatchObject({ code: "TIMEOUT", retryable: true });
    await Promise.all(gone);
    expect(gone).toHaveLength(1);
  });

  test("the attempt's signal stops the request at once, with its reason", async () => {
    const attempt = new AbortController();
    const { origin } = await serve(() => attempt.abort(new Error("lease lost")));
    expect(await failureOf(run(http, { url: origin }, { signal: attempt.signal }))).toMatchObject({ code: "CANCELLED", cause: { message: "lease lost" } });
  });

  test("an attempt that is over already connects to nobody", async () => {
    const server = await echo();
    expect(await failureOf(run(http, { url: server.origin }, { signal: AbortSignal.abort() }))).toMatchObject({ code: "CANCELLED" });
    expect(server.connections()).toBe(0);
  });

  test("a port where nobody listens is HTTP_FAILED with the cause", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => void server.close(resolve));
    const failure = await failureOf(run(http, { url: `http://127.0.0.1:${port}/path` }));
    expect(failure).toMatchObject({ code: "HTTP_FAILED", retryable: true, details: { cause: "ECONNREFUSED" } });
    expect(failure.message).toContain("ECONNREFUSED");
  });

  test.each([
    ["closes without an answer", (write: (text: string) => void, end: () => void) => { write(""); end(); }],
    ["speaks no HTTP", (write: (text: string) => void) => write("SSH-2.0-x\r\n\r\n")],
    ["ends within the body", (write: (text: string) => void, end: () => void) => { write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"); end(); }],
  ])("a server that %s is HTTP_FAILED", async (_, answer) => {
    const server = createServer((socket) => {
      socket.once("data", () => answer((text) => void socket.write(text), () => void socket.end())).on("error", () => undefined);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      expect(await failureOf(run(http, { url, timeout: "5s" }))).toMatchObject({ code: "HTTP_FAILED", retryable: true });
    } finally {
      server.close();
    }
  });

  test("https to a server without a trusted certificate is HTTP_FAILED", async () => {
    const { port } = await echo();
    expect(await failureOf(run(http, { url: `https://127.0.0.1:${port}/`, timeout: "5s" }))).toMatchObject({ code: "HTTP_FAILED" });
  });
});
