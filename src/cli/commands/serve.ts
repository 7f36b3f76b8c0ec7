/** `fanwire serve` and `fanwire worker`: the long-running commands, stopped in order by SIGTERM or SIGINT. */

import { serverEnvironment } from "../../config/environment.js";
import type { Handler } from "../../engine/handlers.js";
import { CommandFailure, EXIT } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import { untilStopSignal } from "../stopSignals.js";
import { loadTasks, type LoadedTasks } from "../taskFiles.js";

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
  url?: string;
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

export async function workerCommand(options: WorkerCommandOptions): Promise<ExitCode> {
  const { tasks = [], queues, concurrency, redis, url } = options;
  if (url !== undefined && redis !== undefined) throw new CommandFailure(EXIT.INVALID, "A worker is on Redis (--redis) or on a server's API (--url), not on both");
  if (url !== undefined && tasks.length === 0) throw new CommandFailure(EXIT.INVALID, "A worker on a server's API has the handlers of its --tasks alone; name a file");
  // As the variables of these names, so that what they say is checked in one place.
  const said = { ...(queues === undefined ? {} : { WORKER_QUEUES: queues }), ...(redis === undefined ? {} : { REDIS_URL: redis }) };
  const env = { ...serverEnvironment(process.env), ...said };
  const settings = { env, ...(concurrency === undefined ? {} : { workerConcurrency: concurrency }) };
  const [{ Worker }, { RemoteWorker }] = await Promise.all([import("../../embed/Worker.js"), import("../../embed/RemoteWorker.js")]);
  const loaded = await loadTasks(tasks);
  const worker = url === undefined ? new Worker({ ...settings, ...loaded }) : new RemoteWorker({ ...settings, url, handlers: onlyHandlers(loaded), ...tokenOf(process.env) });
  const stopSignal = untilStopSignal();
  await worker.start();
  process.stderr.write("Fanwire worker runs\n");
  await stopSignal;
  await worker.stop();
  return EXIT.OK;
}

function tokenOf({ FANWIRE_TOKEN: token }: NodeJS.ProcessEnv): { token?: string } {
  return token === undefined || token === "" ? {} : { token };
}

function onlyHandlers({ handlers, expanders }: LoadedTasks): Handler[] {
  if (handlers.length === 0) throw new CommandFailure(EXIT.INVALID, "The files have no handler, and expanders are for workers on Redis");
  if (expanders.length > 0) process.stderr.write(`Left out, as expanders are for workers on Redis: ${expanders.map(({ name }) => name).join(", ")}\n`);
  return handlers;
}
