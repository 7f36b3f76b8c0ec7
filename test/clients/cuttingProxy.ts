/** A loopback TCP proxy that cuts each WebSocket connection after so many bytes of the server's, as often as told. */

import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface CuttingProxy {
  /** The given URL with this proxy's port. */
  url: string;
  /** How many WebSocket connections were cut so far. */
  cuts(): number;
  stop(): Promise<void>;
}

/**
 * @param target URL of the server behind it
 * @param cutAfterBytes one entry per WebSocket connection to cut, in order: how many bytes of the server's pass first;
 *   connections after those, and all plain HTTP, pass whole
 */
export async function startCuttingProxy(target: string, cutAfterBytes: readonly number[]): Promise<CuttingProxy> {
  const to = new URL(target);
  const budgets = [...cutAfterBytes];
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(to.port), to.hostname);
    let left = Infinity;
    client.once("data", (head: Buffer) => { if (/^upgrade: *websocket/im.test(head.toString("latin1"))) left = budgets.shift() ?? Infinity; });
    client.on("data", (chunk: Buffer) => upstream.write(chunk));
    upstream.on("data", (chunk: Buffer) => {
      if (client.destroyed) return;
      client.write(chunk.subarray(0, Math.min(chunk.length, left)));
      left -= chunk.length;
      if (left > 0) return;
      cuts += 1;
      // Ends the client's side after what was written, and the server's at once, as a broken network does.
      client.end();
      upstream.destroy();
    });
    for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => { sockets.delete(one); other.end(); });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cuts: () => cuts,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}
