/** The built-in handlers fit a registry, describe themselves, and keep http inside its bounds unless told otherwise. */

import { expect, test } from "vitest";
import { HandlerRegistry } from "../../../src/engine/handlers.js";
import { builtInHandlers } from "../../../src/worker/handlers/builtIn.js";
import { failureOf, run, serve } from "./support.js";

test("each has a name of its own, a description and schemas", () => {
  const registry = new HandlerRegistry(builtInHandlers({ httpAllowPrivate: false }));
  expect(registry.names().sort()).toEqual(["approval", "delay", "fail", "http", "log", "signal", "transform", "workflow"]);
  for (const handler of registry.list()) {
    expect(handler).toMatchObject({ builtIn: true, description: expect.stringMatching(/\.$/), inputSchema: expect.any(Object), outputSchema: expect.any(Object) });
    expect(JSON.parse(JSON.stringify(handler))).toEqual(handler);
  }
});

test("http reaches loopback only when configuration allows private addresses", async () => {
  const server = await serve((_, response) => void response.end("inside"));
  const http = (httpAllowPrivate: boolean) => new HandlerRegistry(builtInHandlers({ httpAllowPrivate })).get("http")!;
  expect(await failureOf(run(http(false), { url: server.origin }))).toMatchObject({ code: "HTTP_ADDRESS_REFUSED" });
  expect(server.connections()).toBe(0);
  expect(await run(http(true), { url: server.origin })).toMatchObject({ status: 200, body: "inside" });
});
