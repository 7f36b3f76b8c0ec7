/** The http handler reaches nothing but the public Internet, however an address is written, named or redirected to. */

import { describe, expect, test } from "vitest";
import { isPublicAddress } from "../../../../src/worker/handlers/http/addresses.js";
import type { Resolve } from "../../../../src/worker/handlers/http/addresses.js";
import { httpHandler } from "../../../../src/worker/handlers/http.js";
import { failureOf, run, serve } from "../support.js";

const guarded = httpHandler({ isAllowed: isPublicAddress });

/** {port} is the port of a server on 127.0.0.1 that must never see a connection. */
const REFUSED_URLS = [
  // loopback, in every notation that a URL knows
  "http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "http://127.1:{port}/", "http://127.0.1:{port}/", "http://2130706433:{port}/",
  "http://0x7f000001:{port}/", "http://0x7f.0.0.1:{port}/", "http://0x7f.1:{port}/", "http://017700000001:{port}/", "http://0177.0.0.1:{port}/",
  "http://0177.0x0.0.01:{port}/", "http://127.0.0.1.:{port}/", "http://127.255.255.254:{port}/", "http://127.0.0.2:{port}/",
  "http://%31%32%37.0.0.1:{port}/", "http://①②⑦.⓪.⓪.①:{port}/", "http://１２７.０.０.１:{port}/", "http://127。0。0。1:{port}/",
  "http:127.0.0.1:{port}/", "http:\\\\127.0.0.1:{port}\\", " http://127.0.0.1:{port}/ ", "HTTP://127.0.0.1:{port}/",
  "http://127.0.0.1:{port}#@example.com/", "http://127.0.0.1:{port}?@example.com/", "http://127.0.0.1\t:{port}/", "http://[::1]:{port}/",
  "http://[0:0:0:0:0:0:0:1]:{port}/", "http://[0000::0001]:{port}/",
  // the unspecified address, which connects to this machine
  "http://0.0.0.0:{port}/", "http://0:{port}/", "http://0x0:{port}/", "http://[::]:{port}/", "http://0.1.2.3:{port}/",
  // IPv4 inside IPv6
  "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://[0:0:0:0:0:ffff:7f00:0001]:{port}/", "http://[::127.0.0.1]:{port}/",
  "http://[64:ff9b::127.0.0.1]:{port}/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::7f00:1]/", "http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/",
  "http://[::ffff:0:127.0.0.1]/", "http://[::ffff:10.0.0.1]/", "http://[::ffff:169.254.169.254]/",
  // private, link-local, shared, reserved, multicast, broadcast
  "http://10.0.0.1/", "http://10.255.255.255/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://169.254.169.254/latest/meta-data/",
  "http://2852039166/", "http://0xa9fea9fe/", "http://100.64.0.1/", "http://100.127.255.255/", "http://192.0.0.1/", "http://198.18.0.1/", "http://224.0.0.1/",
  "http://239.255.255.250/", "http://240.0.0.1/", "http://255.255.255.255/", "http://[fe80::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/",
  "http://[fec0::1]/", "http://[ff02::1]/", "http://[100::1]/", "http://[2001:db8::1]/", "http://[5f00::1]/",
  // names
  "http://localhost:{port}/", "http://LOCALHOST:{port}/", "http://LocalHost:{port}/",
];

describe("an address that is not public", () => {
  test.each(REFUSED_URLS)("%s is refused before anything is sent", async (template) => {
    const server = await serve((_, response) => void response.end("inside"));
    const url = template.replace("{port}", String(server.port));
    expect(await failureOf(run(guarded, { url, timeout: "3s" }))).toMatchObject({ code: "HTTP_ADDRESS_REFUSED", retryable: false });
    expect(server.connections()).toBe(0);
  });

  test("the same server answers when the address is allowed", async () => {
    const server = await serve((_, response) => void response.end("inside"));
    const open = httpHandler({ isAllowed: () => true });
    expect(await run(open, { url: server.origin })).toMatchObject({ status: 200, body: "inside" });
    expect(server.connections()).toBe(1);
  });
});

describe("a name", () => {
  const answers = (...addresses: string[]): Resolve => (_, __, done) =>
    done(null, addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));

  test.each([
    [["127.0.0.1"]], [["::1"]], [["169.254.169.254"]], [["::ffff:127.0.0.1"]], [["8.8.8.8", "127.0.0.1"]], [["2606:4700::1111", "fd00::1"]], [["not an address"]],
  ])("that resolves to %j is refused", async (addresses) => {
    const server = await serve((_, response) => void response.end("inside"));
    const handler = httpHandler({ isAllowed: isPublicAddress, resolve: answers(...addresses) });
    const failure = await failureOf(run(handler, { url: `http://rebound.example:${server.port}/`, timeout: "3s" }));
    expect(failure).toMatchObject({ code: "HTTP_ADDRESS_REFUSED" });
    expect(failure.message).toContain("rebound.example");
    expect(server.connections()).toBe(0);
  });

  test("is resolved once, and the address checked is the one connected to", async () => {
    const server = await serve((_, response) => void response.end("first"));
    let asked = 0;
    const resolve: Resolve = (_, __, done) => done(null, [{ address: (asked += 1) === 1 ? "127.0.0.1" : "127.0.0.2", family: 4 }]);
    const checked: string[] = [];
    const handler = httpHandler({ isAllowed: (address) => checked.push(address) > 0, resolve });
    expect(await run(handler, { url: `http://rebound.example:${server.port}/` })).toMatchObject({ body: "first" });
    expect({ asked, checked }).toEqual({ asked: 1, checked: ["127.0.0.1"] });
  });
});

describe("a redirect", () => {
  test.each(["http://127.0.0.2:{port}/", "http://0x7f000002:{port}/", "http://inside.example:{port}/", "//127.0.0.2:{port}/", "http://[::1]:{port}/"])(
    "to %s is checked like the first address", async (location) => {
      let inside = 0;
      const server = await serve((request, response) => {
        if (request.headers.host?.startsWith("127.0.0.1:") !== true) inside += 1;
        response.writeHead(302, { location: location.replace("{port}", String(server.port)) }).end();
      });
      const resolve: Resolve = (_, __, done) => done(null, [{ address: "127.0.0.2", family: 4 }]);
      const handler = httpHandler({ isAllowed: (address) => address === "127.0.0.1", resolve });
      expect(await failureOf(run(handler, { url: server.origin, timeout: "3s" }))).toMatchObject({ code: "HTTP_ADDRESS_REFUSED" });
      expect({ inside, connections: server.connections() }).toEqual({ inside: 0, connections: 1 });
    });

  test.each(["file:///etc/passwd", "ftp://127.0.0.1/", "javascript:alert(1)", "data:text/plain,x", "gopher://127.0.0.1:70/"])(
    "to %s leads nowhere", async (location) => {
      const server = await serve((_, response) => void response.writeHead(302, { location }).end());
      const handler = httpHandler({ isAllowed: () => true });
      expect(await failureOf(run(handler, { url: server.origin }))).toMatchObject({ code: "HTTP_FAILED", retryable: false });
    });
});

test("proxies of the environment are not used", async () => {
  const proxy = await serve((_, response) => void response.end("proxied"));
  const server = await serve((_, response) => void response.end("direct"));
  const before = { http: process.env["http_proxy"], HTTP: process.env["HTTP_PROXY"] };
  process.env["http_proxy"] = process.env["HTTP_PROXY"] = proxy.origin;
  try {
    expect(await run(httpHandler({ isAllowed: () => true }), { url: server.origin })).toMatchObject({ body: "direct" });
  } finally {
    for (const [name, value] of [["http_proxy", before.http], ["HTTP_PROXY", before.HTTP]] as const) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
  expect(proxy.connections()).toBe(0);
});

test.each([
  "8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "172.15.255.255",
  "172.32.0.0", "192.167.255.255", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
])("%s is public", (address) => expect(isPublicAddress(address)).toBe(true));
