/** `fanwire serve` and `fanwire worker`: the long-running commands, stopped in order by SIGTERM or SIGINT. */

import { EXIT } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import { serverEnvironment } from "../serverAccess.js";
import { untilStopSignal } from "../stopSignals.js";

export interface ServeOptions {
  port?: number;
  host?: string;
  worker: boolean;
}

export async function serveCommand(options: ServeOptions): Promise<ExitCode> {
  const [{ loadConfig }, { serve }] = await Promise.all([import("../../config.js"), import("../../main.js")]);
  const { port, host } = options;
  const config = loadConfig(serverEnvironment(), process.cwd(), { port, host, ...(options.worker ? {} : { worker: false }) });
  // Listens before the start, so that a signal during it is not lost: the start is finished, then undone.
  const stopSignal = untilStopSignal();
  const server = await serve(config);
  process.stderr.write(`Fanwire serves ${server.url}\n`);
  await stopSignal;
  await server.stop();
  return EXIT.OK;
}

export async function workerCommand(): Promise<ExitCode> {
  const [{ loadConfig }, { runWorker }] = await Promise.all([import("../../config.js"), import("../../main.js")]);
  const config = loadConfig(serverEnvironment(), process.cwd());
  const stopSignal = untilStopSignal();
  const worker = await runWorker(config);
  process.stderr.write("Fanwire worker runs\n");
  await stopSignal;
  await worker.stop();
  return EXIT.OK;
}
