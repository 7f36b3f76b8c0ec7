/** Tells what runs here: Query.serverInfo. */

import { Ctx, Query, Resolver } from "type-graphql";
import type { ApiContext } from "../context.js";
import { ServerInfo } from "../types/ServerInfo.js";

@Resolver()
export class ServerInfoQuery {
  @Query(() => ServerInfo, { description: "The server that answers, and what it is connected to." })
  async serverInfo(@Ctx() { server }: ApiContext): Promise<ServerInfo> {
    return {
      version: server.version,
      redis: await server.redisStatus(),
      kafka: await server.kafkaStatus(),
      uptime: Math.floor((Date.now() - server.startedMs) / 1_000) * 1_000,
    };
  }
}
