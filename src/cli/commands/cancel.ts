/** `fanwire cancel ID`: nothing new of the workflow starts, what runs is told to stop. */

import { CancelDocument } from "../../client/generated/graphql.js";
import { EXIT, refuseProblems } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import { remoteClient } from "../serverAccess.js";

export async function cancel(id: string, options: { url?: string; reason?: string }): Promise<ExitCode> {
  const { cancelWorkflow } = await remoteClient(options.url).request(CancelDocument, { id, reason: options.reason ?? null });
  refuseProblems(`Cannot cancel ${id}`, cancelWorkflow.problems);
  process.stdout.write(`${id} ${cancelWorkflow.workflow?.status ?? ""}\n`);
  return EXIT.OK;
}
