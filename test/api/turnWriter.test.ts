/** What one turn brings is one write; whoever waits for room is called whatever filled the connection, and also when it is lost. */

import { createServer as createHttp } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Writable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { TurnWriter } from "../../src/api/subscriptions/TurnWriter.js";
import { waitFor } from "../support/waitFor.js";

const open: (Server | Socket)[] = [];
afterEach(() => { for (const each of open.splice(0)) if ("destroy" in each) each.destroy(); else each.close(); });

const PLENTY = Buffer.alloc(20_000_000);

/** A connection whose other end reads nothing yet. */
async function connected(kind: "socket" | "answer"): Promise<{ stream: Writable; peer: Socket; read(): number; text(): string }> {
  let stream: Writable | undefined;
  const server = kind === "socket" ? createServer((socket) => { stream = socket.on("error", () => undefined); }) : createHttp((_request, response) => { stream = response as Writable; });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const peer = connect((server.address() as AddressInfo).port, "127.0.0.1");
  open.push(server, peer);
  peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  let [read, text] = [0, ""];
  peer.on("data", (bytes) => {
    read += bytes.length;
    if (bytes.length < 1_000) text += bytes.toString("latin1");
  }).on("error", () => undefined);
  peer.pause();
  await waitFor(() => stream !== undefined, { what: "the connection" });
  return { stream: stream as Writable, peer, read: () => read, text: () => text };
}

test.each(["socket", "answer"] as const)("room in a %s that others have filled is told of when they have been taken, and not before", async (kind) => {
  const { stream, peer, read } = await connected(kind);
  const writer = new TurnWriter({ stream, isOpen: () => true });
  stream.write(PLENTY);
  expect(writer.full).toBe(true);
  let free = 0;
  writer.whenFree(() => { free = read(); });
  // More of it comes while somebody waits.
  stream.write(PLENTY);
  peer.resume();
  await waitFor(() => free > 0, { what: "the call", timeoutMs: 20_000 });
  // What the kernel keeps on the way has left the process.
  expect(free).toBeGreaterThan(PLENTY.length);
  expect(writer.full).toBe(false);
});

test("whoever waits for room is called when the connection fails, once it is closed, and nothing is full then", async () => {
  const { stream, peer } = await connected("socket");
  const writer = new TurnWriter({ stream, isOpen: () => true });
  stream.on("error", () => undefined).once("close", () => writer.close());
  stream.write(PLENTY);
  let called = false;
  writer.whenFree(() => { called = true; });
  peer.resetAndDestroy();
  await waitFor(() => called, { what: "the call" });
  expect(writer.full).toBe(false);
});

test("what one turn brings leaves in one write, in its order", async () => {
  const { stream, peer, text } = await connected("socket");
  const writes: number[] = [];
  const counted = { get writableLength() { return stream.writableLength; }, write: ((bytes: Buffer, done: () => void) => { writes.push(bytes.length); return stream.write(bytes, done); }) as Writable["write"] };
  const writer = new TurnWriter({ stream: counted, isOpen: () => true });
  for (const part of ["a", "b", "c"]) writer.write(Buffer.from(part));
  peer.resume();
  await waitFor(() => text() === "abc");
  expect(writes).toEqual([3]);
});
