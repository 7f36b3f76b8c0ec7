/** A server inside another program. */

import { readOptions, type EmbedOptions } from "./options.js";

export interface FanwireServer {
  /** http://host:port */
  readonly url: string;
  /** Where clients and workers send their operations: `<url>/graphql` */
  readonly graphqlUrl: string;
  /** Readiness off, sockets told to reconnect, what runs given `stopGraceMs`, the rest handed back. Further calls wait for the first one. */
  stop(): Promise<void>;
}

/**
 * A server with its API and, unless `worker` is false, a worker that has the handlers. Listens when the promise resolves.
 * @throws FanwireError INVALID_VALUE for a configuration that cannot be used, UNAVAILABLE when Redis or the port cannot be had
 */
export async function createServer(options: EmbedOptions = {}): Promise<FanwireServer> {
  const { config, node } = readOptions(options);
  const { serve } = await import("../main.js");
  const server = await serve(config, node);
  let stopping: Promise<void> | undefined;
  return { url: server.url, graphqlUrl: `${server.url}/graphql`, stop: () => (stopping ??= server.stop()) };
}
