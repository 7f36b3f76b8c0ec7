/** `fanwire cancel ID`: nothing new of the workflow starts, what runs is told to stop. */

import { EXIT, refuseProblems } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import { CANCEL } from "../operations.js";
import { remoteClient } from "../serverAccess.js";

export async function cancel(id: string, options: { url?: string; reason?: string }): Promise<ExitCode> {
  const reason = options.reason === undefined ? {} : { reason: options.reason };
  const { cancelWorkflow } = await remoteClient(options.url).request(CANCEL, { id, ...reason });
  refuseProblems(`Cannot cancel ${id}`, cancelWorkflow.problems);
  process.stdout.write(`${id} ${cancelWorkflow.workflow?.status ?? ""}\n`);
  return EXIT.OK;
}
