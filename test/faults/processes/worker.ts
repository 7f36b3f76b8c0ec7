/** A worker in a process of its own, with handlers that write to a ledger before they do anything. */

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { loadConfig } from "../../../src/config.js";
import type { Handler, HandlerContext } from "../../../src/engine/handlers.js";
import type { JsonValue } from "../../../src/workflow/json.js";
import { runWorker } from "../../../src/main.js";
import { silentLog } from "../../../src/runtime/log.js";
import type { LedgerLine, WorkerSettings } from "../workerProcesses.js";

const { ledger, redisUrl, keyPrefix, leaseMs, workerConcurrency } = JSON.parse(process.argv[2] as string) as WorkerSettings;

function note(what: LedgerLine["what"], { workflowId, task, attempt }: HandlerContext): void {
  appendFileSync(ledger, `${JSON.stringify({ what, workflowId, task, attempt, pid: process.pid } satisfies LedgerLine)}\n`);
}

/** Answers `value` after `ms`. */
const slow: Handler = {
  name: "slow", description: "Answers its value after a while.", builtIn: false,
  async run(context) {
    const { value, ms } = context.input as { value: JsonValue; ms: number };
    note("start", context);
    context.signal.addEventListener("abort", () => note("abort", context));
    await delay(ms);
    note("end", context);
    return value;
  },
};

/** Kills its worker when told to; answers `value` otherwise. */
const deadly: Handler = {
  name: "deadly", description: "May kill its worker.", builtIn: false,
  run(context) {
    const { value, kills } = context.input as { value: JsonValue; kills: boolean };
    note("start", context);
    if (kills) process.kill(process.pid, "SIGKILL");
    return value;
  },
};

/** Keeps its whole process busy for `ms` the first time that the task is run. */
const blocking: Handler = {
  name: "blocking", description: "Blocks its process once.", builtIn: false,
  run(context) {
    const { value, ms } = context.input as { value: JsonValue; ms: number };
    const isFirst = !existsSync(ledger) || !readFileSync(ledger, "utf8").includes(`"workflowId":"${context.workflowId}","task":"${context.task}"`);
    note("start", context);
    const endMs = performance.now() + ms;
    if (isFirst) while (performance.now() < endMs);
    note("end", context);
    return value;
  },
};

const worker = await runWorker(loadConfig({}, process.cwd(), { redisUrl, keyPrefix, leaseMs, workerConcurrency, logLevel: "silent" }), { handlers: [slow, deadly, blocking], log: silentLog });
process.once("SIGTERM", () => void worker.stop().finally(() => process.exit()));
process.stdout.write("ready\n");
