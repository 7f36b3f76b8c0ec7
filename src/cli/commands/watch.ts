/** `fanwire watch ID`: watches a workflow from its first event to its end, whether it still runs or not. */

import type { ExitCode } from "../exitCodes.js";
import { remoteClient } from "../serverAccess.js";
import { onStopSignal } from "../stopSignals.js";
import { watchWorkflow } from "../watchWorkflow.js";

export async function watch(id: string, options: { url?: string; json: boolean }): Promise<ExitCode> {
  const watching = new AbortController();
  const unlisten = onStopSignal(() => watching.abort());
  try {
    return await watchWorkflow(remoteClient(options.url), id, { json: options.json, signal: watching.signal });
  } finally {
    unlisten();
  }
}
