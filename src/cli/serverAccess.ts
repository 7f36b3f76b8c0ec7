/** Which server a command talks to: the one named, the default one, or one started in this process for the duration. */

import { serverEnvironment } from "../config/environment.js";
import { ServerUnreachable } from "../client/ClientError.js";
import { GraphqlClient } from "../client/GraphqlClient.js";
import { SERVER_INFO } from "./operations.js";

export const DEFAULT_URL = "http://127.0.0.1:4000/graphql";

export interface ServerAccess {
  client: GraphqlClient;
  /** True when the server runs inside this process and ends with it. */
  local: boolean;
  stop(): Promise<void>;
}

/** The URL from --url or FANWIRE_URL; undefined when neither says one. */
export function namedUrl(option: string | undefined): string | undefined {
  return option ?? (process.env.FANWIRE_URL || undefined);
}

/** A client for the named or default server, which is not asked anything yet. */
export function remoteClient(option: string | undefined): GraphqlClient {
  return new GraphqlClient(namedUrl(option) ?? DEFAULT_URL);
}

/**
 * A server that answers: the named one, else the default one, else a server of this process.
 * @throws ServerUnreachable when the named one does not answer; ClientError when something else sits at the default one
 */
export async function accessServer(option: string | undefined): Promise<ServerAccess> {
  const client = remoteClient(option);
  try {
    await client.request(SERVER_INFO, {});
  } catch (error) {
    const nobodyThere = error instanceof ServerUnreachable && error.refused;
    if (!nobodyThere || namedUrl(option) !== undefined) throw error;
    return startLocalServer();
  }
  return { client, local: false, stop: async () => undefined };
}

async function startLocalServer(): Promise<ServerAccess> {
  process.stderr.write(`No server at ${DEFAULT_URL}: starting one in this process for the duration.\n`);
  const [{ loadConfig }, { serve }] = await Promise.all([import("../config.js"), import("../main.js")]);
  // Port 0 keeps 4000 free for a server that is meant to stay; only what goes wrong may interrupt the progress.
  const config = loadConfig({ LOG_LEVEL: "warn", ...serverEnvironment(process.env) }, process.cwd(), { port: 0, host: "127.0.0.1", worker: true });
  const server = await serve(config);
  return { client: new GraphqlClient(server.url), local: true, stop: () => server.stop() };
}
