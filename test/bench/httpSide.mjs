/** One server of the HTTP benchmark in a process of its own: `httpSide.mjs <fanwire|apollo|mercurius> <redis port>`. */

import { loadConfig } from "../../dist/config.js";
import { createNode, serve, version } from "../../dist/main.js";
import { seed } from "./httpQuery.mjs";

const [name, port] = process.argv.slice(2);
const config = loadConfig({}, process.cwd(), { redisUrl: `redis://127.0.0.1:${port}`, logLevel: "warn", port: 0, worker: name === "seed" });

/** The product's own schema, resolvers and context, for a server that is not the product's. */
async function parts() {
  const node = await createNode(config);
  const [{ createSchema }, { createContext }] = await Promise.all([import("../../dist/api/schema.js"), import("../../dist/api/context.js")]);
  const sources = {
    engine: node.engine, events: node.events, fleet: node.fleet, workers: node.remoteWorkers,
    server: { version: version(), startedMs: Date.now(), redisStatus: () => node.redisStatus(), kafkaStatus: async () => "off" },
  };
  return { node, schema: await createSchema(), newContext: () => createContext(sources) };
}

const SIDES = {
  async seed() {
    const node = await createNode(config);
    await seed(node);
    return { url: "", stop: () => node.stop() };
  },

  async fanwire() {
    const server = await serve(config);
    return { url: `${server.url}/graphql`, stop: () => server.stop() };
  },

  /** Apollo Server as its documentation starts it, without the cache-control plugin, as ours. */
  async apollo() {
    const { ApolloServer } = await import("@apollo/server");
    const { startStandaloneServer } = await import("@apollo/server/standalone");
    const { ApolloServerPluginCacheControlDisabled } = await import("@apollo/server/plugin/disabled");
    const { node, schema, newContext } = await parts();
    const apollo = new ApolloServer({ schema, plugins: [ApolloServerPluginCacheControlDisabled()] });
    const { url } = await startStandaloneServer(apollo, { listen: { port: 0, host: "127.0.0.1" }, context: async () => newContext() });
    return { url, stop: async () => { await apollo.stop(); await node.stop(); } };
  },

  /** Mercurius compiles a document when it has seen it once. */
  async mercurius() {
    const { default: fastify } = await import("fastify");
    const { default: mercurius } = await import("mercurius");
    const { node, schema, newContext } = await parts();
    const app = fastify();
    await app.register(mercurius, { schema, context: () => newContext(), jit: 1 });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url: `${url}/graphql`, stop: async () => { await app.close(); await node.stop(); } };
  },
};

const { url, stop } = await SIDES[name]();
process.on("message", (message) => {
  if (message === "stop") void stop().finally(() => process.disconnect());
  else process.send({ cpu: process.cpuUsage() });
});
// Without its parent nobody would stop it.
process.on("disconnect", () => process.exit());
process.send({ url });
