/** `fanwire list`: the newest workflows, one per line. */

import { EXIT } from "../exitCodes.js";
import type { ExitCode } from "../exitCodes.js";
import { LIST } from "../operations.js";
import { remoteClient } from "../serverAccess.js";
import { printable } from "../terminal.js";

export interface ListOptions {
  url?: string;
  json: boolean;
  first: number;
  status?: string[];
  name?: string;
}

export async function list(options: ListOptions): Promise<ExitCode> {
  const { workflows } = await remoteClient(options.url).request(LIST, {
    first: options.first,
    filter: { ...(options.status === undefined ? {} : { status: options.status }), ...(options.name === undefined ? {} : { name: options.name }) },
  });
  if (options.json) {
    process.stdout.write(`${JSON.stringify(workflows.nodes, null, 2)}\n`);
    return EXIT.OK;
  }
  for (const { id, name, status, percent, counts, submittedAt } of workflows.nodes) {
    const failed = counts.failed + counts.timedOut;
    const numbers = `${counts.completed}/${counts.total}${failed > 0 ? `, ${failed} failed` : ""}`;
    process.stdout.write(`${id}  ${status.padEnd(9)}  ${`${Math.floor(percent)} %`.padStart(5)}  ${numbers.padEnd(12)}  ${submittedAt}  ${printable(name)}\n`);
  }
  const more = workflows.totalCount - workflows.nodes.length;
  process.stderr.write(more > 0 ? `… ${more} more (--first)\n` : workflows.nodes.length === 0 ? "No workflows.\n" : "");
  return EXIT.OK;
}
