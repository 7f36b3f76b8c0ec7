/** One worker process of scaling.mjs: `scalingWorker.mjs <redis port> <microseconds that a call keeps the processor busy>`. */

import { loadConfig } from "../../dist/config.js";
import { createNode } from "../../dist/main.js";

const [port, busyUs] = process.argv.slice(2).map(Number);

const work = {
  name: "work", description: "Keeps the processor busy.", builtIn: false, light: true,
  run({ input }) {
    const endMs = performance.now() + busyUs / 1000;
    while (performance.now() < endMs);
    return input;
  },
};

const node = await createNode(loadConfig({}, process.cwd(), { redisUrl: `redis://127.0.0.1:${port}`, logLevel: "warn" }), { handlers: [work] });
process.on("message", () => process.send(process.cpuUsage()));
process.on("disconnect", () => void node.stop(0).finally(() => process.exit()));
process.send("ready");
