/** `fanwire serve` and `fanwire worker`: the long-running commands, stopped in order by SIGTERM or SIGINT. */

import { serverEnvironment } from "../../config/environment.js";
import { EXIT } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import { untilStopSignal } from "../stopSignals.js";
import { loadTasks } from "../taskFiles.js";

export interface ServeOptions {
  port?: number;
  host?: string;
  worker: boolean;
  tasks?: string[];
}

export interface WorkerCommandOptions {
  tasks?: string[];
  queues?: string;
  concurrency?: number;
  redis?: string;
}

export async function serveCommand(options: ServeOptions): Promise<ExitCode> {
  const [{ loadConfig }, { serve }] = await Promise.all([import("../../config.js"), import("../../main.js")]);
  const { port, host, tasks = [] } = options;
  const config = loadConfig(serverEnvironment(process.env), process.cwd(), { port, host, ...(options.worker ? {} : { worker: false }) });
  const loaded = await loadTasks(tasks);
  // Listens before the start, so that a signal during it is not lost: the start is finished, then undone.
  const stopSignal = untilStopSignal();
  const server = await serve(config, loaded);
  process.stderr.write(`Fanwire serves ${server.url}\n`);
  await stopSignal;
  await server.stop();
  return EXIT.OK;
}

export async function workerCommand({ tasks = [], queues, concurrency, redis }: WorkerCommandOptions): Promise<ExitCode> {
  const [{ loadConfig }, { runWorker }] = await Promise.all([import("../../config.js"), import("../../main.js")]);
  // As the variables of these names, so that what they say is checked in one place.
  const said = { ...(queues === undefined ? {} : { WORKER_QUEUES: queues }), ...(redis === undefined ? {} : { REDIS_URL: redis }) };
  const config = loadConfig({ ...serverEnvironment(process.env), ...said }, process.cwd(), { workerConcurrency: concurrency });
  const loaded = await loadTasks(tasks);
  const stopSignal = untilStopSignal();
  const worker = await runWorker(config, loaded);
  process.stderr.write("Fanwire worker runs\n");
  await stopSignal;
  await worker.stop();
  return EXIT.OK;
}
