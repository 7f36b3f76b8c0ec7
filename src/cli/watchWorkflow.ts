/** Watches one workflow to its end: progress while it runs, then its result and how it ended. */

import { ClientError, ServerUnreachable } from "../client/ClientError.js";
import type { GraphqlClient } from "../client/GraphqlClient.js";
import type { JsonObject, JsonValue } from "../workflow/json.js";
import { CommandFailure, EXIT } from "./exitCodes.js";
import type { ExitCode } from "./exitCodes.js";
import { GroupProgress } from "./groupProgress.js";
import type { OutcomeData } from "./operations.js";
import { FOLLOW, OUTCOME, WATCH_START } from "./operations.js";
import { progressView } from "./progressView.js";
import { durationText, painter, printable, valueText } from "./terminal.js";

export interface WatchOptions {
  /** Prints one JSON document with the whole context to standard output; progress goes to standard error. */
  json: boolean;
  /** The context keys to print as the result; absent: all. Ignored with json. */
  resultKeys?: readonly string[];
  signal?: AbortSignal;
}

type Outcome = NonNullable<OutcomeData["workflow"]>;

/**
 * @returns OK when it completed, FAILED when it ended otherwise or the watching was broken off
 * @throws CommandFailure INVALID when there is no such workflow, ClientError UNREACHABLE when the server is lost for good
 */
export async function watchWorkflow(client: GraphqlClient, id: string, options: WatchOptions): Promise<ExitCode> {
  const workflow = await readWatched(client, id);
  const outcome = await showProgress(client, workflow, options);
  if (outcome === undefined) {
    process.stderr.write(`No longer watching; the workflow goes on: fanwire watch ${id}\n`);
    return EXIT.FAILED;
  }
  if (options.json) process.stdout.write(`${JSON.stringify(outcomeJson(outcome), null, 2)}\n`);
  else process.stdout.write(resultText(outcome.context));
  writeOutcome(outcome, options.json);
  return outcome.status === "COMPLETED" ? EXIT.OK : EXIT.FAILED;
}

interface Watched {
  id: string;
  name: string;
  /** The top groups with the addresses of all tasks declared in them and in the groups inside them. */
  groups: { name: string; tasks: string[] }[];
}

async function readWatched(client: GraphqlClient, id: string): Promise<Watched> {
  const addresses: string[] = [];
  for (let after: string | undefined; ;) {
    const { workflow } = await client.request(WATCH_START, { id, ...(after === undefined ? {} : { after }) });
    if (workflow === null) throw noSuchWorkflow(id);
    addresses.push(...workflow.tasks.nodes.map(({ name }) => name));
    const { hasNextPage, endCursor } = workflow.tasks.pageInfo;
    if (hasNextPage && endCursor !== null) {
      after = endCursor;
      continue;
    }
    const groups = workflow.groups.map(({ name }) => ({ name, tasks: addresses.filter((address) => address.startsWith(`${name}.`)) }));
    return { id, name: workflow.name, groups };
  }
}

export function noSuchWorkflow(id: string): CommandFailure {
  return new CommandFailure(EXIT.INVALID, "Cannot show the workflow", [
    { code: "NOT_FOUND", message: `There is no workflow ${id}, or it is not yours.`, hint: "fanwire list shows those that are." },
  ]);
}

/** Undefined when the signal broke it off. */
async function showProgress(client: GraphqlClient, workflow: Watched, options: WatchOptions): Promise<Outcome | undefined> {
  const progress = new GroupProgress(workflow.groups);
  const view = progressView(options.json ? process.stderr : process.stdout, `${workflow.name} ${workflow.id}`, progress);
  try {
    await client.follow(FOLLOW, {
      variables: { id: workflow.id },
      signal: options.signal,
      cursorOf: ({ workflowEvents }) => workflowEvents.cursor,
      onData: ({ workflowEvents }) => {
        progress.apply(workflowEvents);
        view.onEvent(workflowEvents);
      },
      onReconnect: () => process.stderr.isTTY === true && process.stdout.isTTY === true
        ? view.note("connection lost, resuming …")
        : process.stderr.write("connection lost, resuming …\n"),
    });
    if (options.signal?.aborted === true) return undefined;
    const outcome = await readOutcome(client, workflow.id, options);
    progress.settle(outcome.groups);
    return outcome;
  } catch (error) {
    throw error instanceof ServerUnreachable ? new ClientError("UNREACHABLE", `${error.message}; the workflow goes on: fanwire watch ${workflow.id}`) : error;
  } finally {
    view.close();
  }
}

async function readOutcome(client: GraphqlClient, id: string, options: WatchOptions): Promise<Outcome> {
  const keys = options.json || options.resultKeys === undefined ? {} : { keys: [...options.resultKeys] };
  const { workflow } = await client.request(OUTCOME, { id, ...keys });
  if (workflow === null) throw noSuchWorkflow(id);
  return workflow;
}

function outcomeJson(outcome: Outcome): JsonObject {
  const { id, name, status, partial, error, counts, context } = outcome;
  return { id, name, status, partial, error, counts, context } as unknown as JsonObject;
}

function resultText(context: JsonObject): string {
  const entries = Object.entries(context);
  if (entries.length === 0) return "";
  const lines = entries.map(([key, value]) => `  ${printable(key)}: ${valueText(value as JsonValue, 2)}`);
  return `\nResult\n${lines.join("\n")}\n\n`;
}

/** Completed is output, everything else an error. */
function writeOutcome(outcome: Outcome, json: boolean): void {
  const { status, counts, error } = outcome;
  const stream = status === "COMPLETED" && !json ? process.stdout : process.stderr;
  const paint = painter(stream);
  const took = outcome.finishedAt === null ? "" : ` in ${durationText(Date.parse(outcome.finishedAt) - Date.parse(outcome.submittedAt))}`;
  const failed = counts.failed + counts.timedOut;
  const left = counts.skipped + counts.cancelled;
  const numbers = `${counts.completed} completed, ${failed} failed${left > 0 ? `, ${left} skipped or cancelled` : ""}`;
  stream.write(`${paint(status === "COMPLETED" ? "green" : "red", paint("bold", status))}${took}: ${numbers}\n`);
  if (error !== null && status !== "COMPLETED") {
    const where = error.task === undefined || error.task === null ? "" : `${printable(error.task)}: `;
    process.stderr.write(`  ${where}[${printable(error.code)}] ${printable(error.message)}\n`);
  }
}
