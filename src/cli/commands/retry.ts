/** `fanwire retry ID`: what did not complete of an ended workflow runs again, in place. */

import { RetryDocument } from "../../client/generated/graphql.js";
import { EXIT, refuseProblems } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import { remoteClient } from "../serverAccess.js";

export async function retry(id: string, options: { url?: string }): Promise<ExitCode> {
  const { retryWorkflow } = await remoteClient(options.url).request(RetryDocument, { id });
  refuseProblems(`Cannot retry ${id}`, retryWorkflow.problems);
  process.stdout.write(`${id} ${retryWorkflow.workflow?.status ?? ""}\n`);
  return EXIT.OK;
}
