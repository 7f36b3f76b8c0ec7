/** Listens to sentinels: when they switch to another primary, connections to the old one are made anew, whether it still answers or not. */

import { Redis, type RedisOptions } from "ioredis";

const CHANNEL = "+switch-master";

/**
 * The client's own detector may come upon a connection that is being made already, and end it for good; here one that is not ready is left alone until it is.
 */
export class SwitchWatch {
  readonly #listeners: Redis[];

  /** @param name of the primary */
  constructor(sentinels: readonly { host: string; port: number }[], options: RedisOptions, name: string, connections: readonly Redis[]) {
    this.#listeners = sentinels.map((sentinel) => {
      const listener = new Redis({ ...options, ...sentinel, enableReadyCheck: false, maxRetriesPerRequest: null });
      // One that is away is no matter: the connections' own errors tell of the primary, and others of the switch.
      listener.on("error", () => undefined);
      listener.subscribe(CHANNEL).catch(() => undefined);
      // <name> <old address> <old port> <new address> <new port>
      listener.on("message", (_channel, message: string) => {
        const [of, , , host, port] = message.split(" ");
        if (of === name) for (const connection of connections) leave(connection, `${host}:${port}`);
      });
      return listener;
    });
  }

  close(): void {
    for (const listener of this.#listeners) listener.disconnect();
  }
}

/** Every sentinel tells of a switch, sooner or later: whoever is there already stays. */
function leave(connection: Redis, primary: string): void {
  if (connection.status !== "ready") connection.once("ready", () => leave(connection, primary));
  else if (addressOf(connection) !== primary) connection.disconnect(true);
}

function addressOf({ stream }: Redis): string {
  return "remoteAddress" in stream ? `${stream.remoteAddress?.replace(/^::ffff:/, "")}:${stream.remotePort}` : "";
}
