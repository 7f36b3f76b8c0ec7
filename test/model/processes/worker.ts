/** A worker in a process of its own with the model's handlers, many calls a little later, so that it can be killed in the middle. */

import { setTimeout as delay } from "node:timers/promises";
import type { Handler } from "../../../src/engine/handlers.js";
import { loadConfig } from "../../../src/config.js";
import { runWorker } from "../../../src/main.js";
import { silentLog } from "../../../src/runtime/log.js";
import { echoesHandler } from "../batches.js";
import { echoHandler, SECRETS, SIDE_QUEUE } from "../handlers.js";

const { redisUrl, keyPrefix, leaseMs, workerConcurrency } = JSON.parse(process.argv[2] as string) as { redisUrl: string; keyPrefix: string; leaseMs: number; workerConcurrency: number };
const LONGEST_MS = 30;

await runWorker(loadConfig({}, process.cwd(), { redisUrl, keyPrefix, leaseMs, workerConcurrency, secrets: SECRETS, workerQueues: ["default", SIDE_QUEUE], logLevel: "silent" }), {
  handlers: [echoHandler, echoesHandler].map((handler): Handler => ({
    ...handler,
    run(context) {
      // Those that answer at once may run ahead.
      return Math.random() < 0.5 ? handler.run(context) : delay(Math.random() * LONGEST_MS).then(() => handler.run(context));
    },
  })),
  log: silentLog,
});
process.stdout.write("ready\n");
